"""A release as it was just made on this machine, and the objects that it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.model.published import Published

if TYPE_CHECKING:
    from multi_env_lambda.model.release import Release

__all__ = ["MadeRelease", "Upload"]


@attrs.frozen(kw_only=True)
class Upload:
    """One object of a release: a file on this machine, or bytes.

    ``claims``: writing it claims a name permanently, so it is written before everything else under that name.
    ``known``: the unit's index says that it is published already.
    """

    key: str
    content: Path | bytes
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    claims: bool = False
    known: bool = False

    def read(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@attrs.frozen(kw_only=True)
class MadeRelease:
    """A release as it was just made from the work tree.

    ``uploads`` are all objects of its artifacts; ``published`` are the names that were taken when it was named;
    ``notes`` are what a person should know about the build.
    """

    release: Release
    templates: Mapping[str, str]
    uploads: tuple[Upload, ...]
    published: Published = Published()
    notes: tuple[str, ...] = ()

    @property
    def news(self) -> tuple[str, ...]:
        """The keys that the bucket lacks, as far as is known, in the order of writing: the manifest last."""
        templates = (self.release.template_key(environment) for environment in self.templates)
        return (*(item.key for item in self.uploads if not item.known), *templates, self.release.manifest_key)
