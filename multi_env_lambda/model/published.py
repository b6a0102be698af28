"""What the bucket has of one unit: which layer numbers and source versions are taken, and by what content."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from packaging.version import InvalidVersion, Version

from multi_env_lambda.model.artifact import PublishedObject

__all__ = ["Published", "PublishedName", "index_key"]


def index_key(project: str) -> str:
    """The object that lists all published names of a unit, so that there is no need to look at a thousand objects."""
    return f"projects/{project}/published.json.gz"


@attrs.frozen(kw_only=True)
class PublishedName:
    """A taken layer number or source version.

    ``digest`` is the digest of its content; ``objects`` are those that were published under it and not pruned
    since. ``roots``: of those that are wheels of roots, the key and the digest of the content.
    """

    digest: str
    objects: tuple[PublishedObject, ...] = ()
    roots: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Published:
    """The names of a unit: layers by number, sources by version, and the scripts and libraries of its jobs.

    ``etag`` is that of the index they were read from; empty if there was none, so that the bucket was listed.
    """

    layers: Mapping[int, PublishedName] = attrs.field(factory=dict)
    sources: Mapping[str, PublishedName] = attrs.field(factory=dict)
    scripts: tuple[PublishedObject, ...] = ()
    libraries: tuple[PublishedObject, ...] = ()
    etag: str = ""

    @property
    def layer_digests(self) -> dict[int, str]:
        return {number: name.digest for number, name in self.layers.items()}

    @property
    def source_digests(self) -> dict[str, str]:
        return {version: name.digest for version, name in self.sources.items()}

    @property
    def roots(self) -> dict[str, PublishedObject]:
        """The wheels of roots by the digest of their content, each as it was first published."""
        found: dict[str, PublishedObject] = {}
        for version in sorted(self.sources, key=_order):
            name = self.sources[version]
            there = {item.key: item for item in name.objects}
            for key, digest in name.roots:
                if digest and key in there:
                    found.setdefault(digest, there[key])
        return found

    @property
    def objects(self) -> dict[str, PublishedObject]:
        """Every published object by key."""
        names = (*self.layers.values(), *self.sources.values())
        named = (item for name in names for item in name.objects)
        return {item.key: item for item in (*named, *self.scripts, *self.libraries)}


def _order(version: str) -> tuple[bool, Version]:
    """Somebody may have put something there under a name that is no version."""
    try:
        return False, Version(version)
    except InvalidVersion:
        return True, Version("0")
