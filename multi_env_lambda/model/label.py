"""How releases are displayed: by version, and by digest as well where several have the same version."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["label"]

_SHORT = 4


def label(version: str, digest: str, among: Iterable[tuple[str, str]]) -> str:
    """The version; with the beginning of the digest if another visible release has the same version.

    Args:
        among: (version, digest) of all visible releases; this one may be among them.

    >>> label("0.1.0", "1b9773aa", [("0.1.0", "c7321f00"), ("0.2.0", "77770000")])
    '0.1.0 (1b97)'
    >>> label("0.1.0", "1b9773aa", [("0.1.0", "1b9773aa"), ("0.2.0", "77770000")])
    '0.1.0'
    >>> label("0.1.0", "1b9773aa", [("0.1.0", "1b970000")])
    '0.1.0 (1b977)'
    """
    others = {other for name, other in among if name == version and other not in ("", digest)}
    if not others or not digest:
        return version
    lengths = (size for size in range(_SHORT, len(digest)) if not _alike(digest[:size], others))
    return f"{version} ({digest[: next(lengths, len(digest))]})"


def _alike(start: str, others: Iterable[str]) -> bool:
    return any(other.startswith(start) for other in others)
