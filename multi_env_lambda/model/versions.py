"""What Lambda keeps of a function and of a layer besides what runs: numbered versions that no deploy removes."""

from __future__ import annotations

import attrs

__all__ = ["FunctionCode", "KeptFunction", "KeptLayer", "KeptVersion", "LayerSays", "ObjectPlace"]


@attrs.frozen(kw_only=True)
class FunctionCode:
    """What an alias runs: the base64 SHA-256 of its code, the ARNs of its layer versions in order, its version.

    ``version`` is the number behind the alias; of an alias with weights, the one that gets the rest.
    """

    code_sha256: str
    layers: tuple[str, ...] = ()
    version: str = ""


@attrs.frozen(kw_only=True)
class LayerSays:
    """What a version of a layer says about itself: Lambda compares it with no function. Empty: nothing."""

    runtimes: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ObjectPlace:
    """Where Lambda finds code: one version of an object; ``version_id`` is empty if a template names none."""

    bucket: str
    key: str
    version_id: str = ""


@attrs.frozen(kw_only=True)
class KeptVersion:
    """One published version of a function; ``layers`` are the ARNs of the layer versions that it was published with."""

    number: str
    code_sha256: str
    size: int = 0
    layers: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class KeptFunction:
    """All published versions, oldest first; ``aliased`` are those that any alias points at, including by its weights.

    ``layers`` are the ARNs that the unpublished function itself refers to.
    """

    name: str
    versions: tuple[KeptVersion, ...]
    aliased: frozenset[str]
    layers: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class KeptLayer:
    """One version of a layer. ``description`` comes from the template: number and digest of the layer."""

    name: str
    number: int
    arn: str
    description: str = ""
