"""Which number a layer gets, and which version a source gets: known digest, known name; new digest, next name."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.version import Version

from multi_env_lambda.errors import ConfigurationError

__all__ = ["layer_number", "source_version"]


def layer_number(digest: str, published: Mapping[int, str]) -> int:
    """The number of the layer with this digest; the one after the highest if it is new.

    >>> layer_number("b", {1: "a", 2: "b"}), layer_number("c", {1: "a", 2: "b"}), layer_number("a", {})
    (2, 3, 1)
    """
    known = [number for number, other in published.items() if other == digest]
    return min(known) if known else max(published, default=0) + 1


def source_version(base: str, digest: str, published: Mapping[str, str], *, strict: bool, where: str) -> str:
    """The version of the source with this digest.

    The first content under the project's version takes it; other content without a bump becomes a post release
    (PEP 440).

    >>> source_version("0.1.1", "b", {"0.1.1": "a"}, strict=False, where="")
    '0.1.1.post1'

    Raises:
        ConfigurationError: ``versioning = "strict"`` and the version is taken by other content.
    """
    known = [version for version, other in published.items() if other == digest]
    if known:
        return min(known, key=Version)
    if base not in published:
        return base
    if strict:
        raise ConfigurationError(
            where,
            f"version {base} is already published with different content, and versioning is `strict`",
            hint="raise `version` in [project]",
        )
    return _next_post(base, published)


def _next_post(base: str, published: Mapping[str, str]) -> str:
    wanted = Version(base)
    taken = [Version(version) for version in published]
    first = (wanted.post or 0) + 1
    posts = [version.post or 0 for version in taken if _same_release(version, wanted)]
    stem = base.partition(".post")[0]
    return f"{stem}.post{max([first - 1, *posts]) + 1}"


def _same_release(one: Version, other: Version) -> bool:
    return (one.epoch, one.release, one.pre, one.dev) == (other.epoch, other.release, other.pre, other.dev)
