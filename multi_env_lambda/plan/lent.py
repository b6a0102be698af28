"""How a template names the layer of another unit: by a parameter that says the content and gets an ARN.

Lambda gives a layer version its number when it is published, in each account another one. So the number is no part of a
template or of a release's name; the content is. A deploy finds the version that has it, and passes its ARN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.model.lent import LentLayer

__all__ = ["describe", "lent_digests", "lent_in", "lent_of", "lent_pin"]

_DESCRIPTION = re.compile(r"projects/([^/]+)/lambda/layer/([0-9a-f]{64}) has the SHA-256 ([0-9a-f]{64})")
_NAMED = re.compile(r"projects/([^/]+)/lambda/layer/([0-9a-f]{64})")


def lent_pin(layer: LentLayer) -> str:
    """The parameter: another content is another parameter, so that functions get a new version."""
    return f"LentLayer{layer.digest[:12]}"


def describe(layer: LentLayer) -> str:
    """Its description. It begins like a key in the bucket, so ``prune`` finds it in the templates of all units."""
    return f"projects/{layer.unit}/lambda/layer/{layer.digest} has the SHA-256 {layer.sha256}"


def lent_in(template: str) -> LentLayer | None:
    """The layer of another unit that a template names."""
    return lent_of(json.loads(template)) if "LentLayer" in template else None


def lent_of(document: Mapping[str, Any]) -> LentLayer | None:
    """The same for a template that was parsed."""
    for name, body in document.get("Parameters", {}).items():
        found = _DESCRIPTION.fullmatch(str(body.get("Description", "")))
        layer = None if found is None else LentLayer(unit=found[1], digest=found[2], sha256=found[3])
        if layer is not None and name == lent_pin(layer):
            return layer
    return None


def lent_digests(named: Iterable[str], project: str) -> frozenset[str]:
    """The layers of a unit that templates of others name, by their digests; ``named`` is all that they name."""
    found = (match for key in named if (match := _NAMED.fullmatch(key)) is not None)
    return frozenset(match[2] for match in found if match[1] == project)
