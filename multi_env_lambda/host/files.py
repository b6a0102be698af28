"""Files on this machine: written completely or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import canonical_json, digest

__all__ = [
    "has_sha256",
    "keeping_the_time",
    "read_json",
    "read_sealed",
    "sha256_of",
    "write_atomically",
    "write_for_people",
    "write_sealed",
]

_READABLE_BY_ALL = 0o644


def write_atomically(path: Path, body: bytes) -> None:
    """Write a file so that a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextmanager
def keeping_the_time(path: Path) -> Iterator[None]:
    """What is written here keeps its time if the bytes turn out to be those that were there before."""
    before = (path.read_bytes(), path.stat()) if path.is_file() else None
    yield
    if before is not None and path.read_bytes() == before[0]:
        os.utime(path, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))


def write_for_people(path: str | os.PathLike[str], text: str) -> None:
    """Write a file that a person asked for, creating its folder: a link is followed, a pipe or device is written to.

    A new file can be read by everybody on this machine; one that is there keeps its mode.

    Raises:
        ConfigurationError: it cannot be written.
    """
    body = text.encode("utf-8", "backslashreplace")
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            target.write_bytes(body)
            return
        mode = target.stat().st_mode & 0o777 if target.exists() else _READABLE_BY_ALL
        write_atomically(target, body)
        target.chmod(mode)
    except (OSError, ValueError) as error:
        what = f"it cannot be written: {getattr(error, 'strerror', None) or error}"
        raise ConfigurationError(os.fspath(path) or "the name of the file", what, hint="choose another file") from error


def read_json(path: Path, default: Any) -> Any:
    """The content of a JSON file of ours; ``default`` if it is missing or truncated."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, RecursionError):
        return default


def write_sealed(path: Path, value: Any) -> None:
    """Store plain data (JSON types) so that a change of any byte is noticed when it is read."""
    write_atomically(path, canonical_json({"sha256": digest(value), "value": value}).encode("ascii"))


def read_sealed(path: Path) -> Any:
    """What ``write_sealed`` wrote; None if there is nothing, or something else."""
    kept = read_json(path, None)
    if not isinstance(kept, dict) or kept.keys() != {"sha256", "value"} or digest(kept["value"]) != kept["sha256"]:
        return None
    return kept["value"]


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def has_sha256(path: Path, sha256: str) -> bool:
    """Whether there is a file with this content; one that cannot be read is not."""
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False
