"""Folders for work in progress that no code of others may write to, whatever it was given besides.

A function of Lambda may write to ``/tmp``, so code that is shut in as a function is may, too: what lay there for one
process could be changed by the code of another.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multi_env_lambda.host import sandbox
from multi_env_lambda.host.folders import user_cache

__all__ = ["delete", "is_shared", "private_folder", "private_parent"]

_VAR_TMP = Path("/var/tmp")  # noqa: S108 -- a folder in it gets a random name, and is its owner's alone
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder that is this user's alone, by its real path; it is gone afterwards, whatever was put into it."""
    folder = Path(tempfile.mkdtemp(prefix="multi_env_lambda-", dir=private_parent())).resolve()
    try:
        yield folder
    finally:
        with suppress(OSError):  # a process that could not be ended may still fill it
            delete(folder)


def private_parent(usual: Path | None = None) -> Path:
    """The user's own folder for such things (``usual``; None: Python's choice), else the second one, else the cache."""
    usual = Path(tempfile.gettempdir()) if usual is None else usual
    return next((one for one in (usual, _VAR_TMP, user_cache()) if not is_shared(one) and _is_usable(one)), usual)


def is_shared(path: Path) -> bool:
    """Whether code that is shut in as a function could be let write there."""
    return path.resolve().is_relative_to(Path(sandbox.SCRATCH).resolve())


def _is_usable(path: Path) -> bool:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)


def delete(folder: Path) -> None:
    """Remove it with all that is in it. No link is followed, and no depth is too great: inner folders are moved up."""
    top = os.open(folder, _FOLDER)
    try:
        while names := os.listdir(top):
            for name in names:
                _take_apart(top, name)
    finally:
        os.close(top)
    os.rmdir(folder)


def _take_apart(top: int, name: str) -> None:
    if _unlinked(top, name):
        return
    inner = os.open(name, _FOLDER, dir_fd=top)
    try:
        for inside in os.listdir(inner):
            if not _unlinked(inner, inside):
                os.rename(inside, uuid.uuid4().hex, src_dir_fd=inner, dst_dir_fd=top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _unlinked(parent: int, name: str) -> bool:
    """False: it is a folder, which this user can open and move from now on."""
    try:
        os.unlink(name, dir_fd=parent)
    except (IsADirectoryError, PermissionError):  # the second one is what macOS says
        os.chmod(name, 0o700, dir_fd=parent)
        return False
    return True
