"""What a lock file says, in any format: packages, their files and hashes, and the dependency graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, assert_never, get_args

import attrs
from packaging.utils import InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

__all__ = ["LOCK_NAMES", "Lock", "LockName", "LockedFile", "LockedPackage", "Need", "parse_filename"]

LockName = Literal["pylock.toml", "uv.lock", "requirements.txt"]
LOCK_NAMES: tuple[LockName, ...] = get_args(LockName)
"""In the order in which they are tried."""

_FILENAME = re.compile(r"[A-Za-z0-9_.+!-]+")


def parse_filename(filename: str) -> tuple[str, str]:
    """The normalised name and version in the name of a wheel or sdist.

    Raises:
        packaging's InvalidWheelFilename or InvalidSdistFilename.
    """
    if not _FILENAME.fullmatch(filename):
        raise InvalidWheelFilename(f"{filename!r} has characters that no distribution has")
    if filename.endswith(".whl"):
        name, version, _, _ = parse_wheel_filename(filename)
    else:
        name, version = parse_sdist_filename(filename)
    return name, str(version)


@attrs.frozen(kw_only=True)
class LockedFile:
    """A wheel or sdist. ``path`` is relative to the lock's folder, for files in the repository."""

    filename: str
    sha256: str
    url: str | None = attrs.field(default=None, repr=False)  # may contain a password
    path: str | None = None
    size: int | None = None


@attrs.frozen(kw_only=True)
class Need:
    """An edge of the dependency graph (``uv.lock`` only; the other formats are flat)."""

    name: str
    version: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None


@attrs.frozen(kw_only=True)
class LockedPackage:
    """One version of one distribution.

    ``hashes`` is for ``requirements.txt``, which has the SHA-256 of the files but neither their names nor addresses.
    """

    name: str
    version: str
    marker: str | None = None
    requires_python: str | None = None
    wheels: tuple[LockedFile, ...] = ()
    sdist: LockedFile | None = None
    hashes: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    extras: Mapping[str, tuple[Need, ...]] = attrs.field(factory=dict)

    @property
    def complete(self) -> bool:
        """Whether it is known which files there are."""
        return bool(self.wheels) or self.sdist is not None


@attrs.frozen(kw_only=True)
class Lock:
    """A lock file that was read. ``roots`` is None if the format is flat: then only markers decide.

    ``environments`` are the markers of the machines that it was made for; empty: for all.
    ``local`` are the packages that are not installed because they are part of the unit's own source.
    ``made_from`` is what the verb `lock` made it from, in normal form; None if another tool wrote it.
    """

    path: Path
    where: str
    packages: tuple[LockedPackage, ...]
    requires_python: str | None = None
    environments: tuple[str, ...] = ()
    roots: tuple[Need, ...] | None = None
    local: frozenset[str] = frozenset()
    made_from: tuple[str, ...] | None = None

    @property
    def complete(self) -> bool:
        return all(package.complete for package in self.packages)

    @property
    def format(self) -> LockName:
        return next(name for name in LOCK_NAMES if name == self.path.name)

    @property
    def how_to_renew(self) -> str:
        """The verb `lock` does not change the locks of other tools."""
        match self.format:
            case "pylock.toml":
                return "run the verb `lock`"
            case "uv.lock":
                return "run `uv lock` in the project's folder"
            case "requirements.txt":
                return "renew it with the tool that wrote it, for example `uv pip compile --generate-hashes`"
            case _:
                assert_never(self.format)
