"""What code of others has left behind: read once all its processes have ended, and never through a link of theirs."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import IO

from multi_env_lambda.errors import BuildError

__all__ = ["copy_left", "read_left"]

_HINT = "correct what was run: it has to leave an ordinary file there"


def read_left(path: Path, most: int, *, where: str) -> bytes:
    """The bytes of an ordinary file.

    Raises:
        FileNotFoundError: there is nothing.
        BuildError: it is a link, a folder or a pipe, or has more than ``most`` bytes.
    """
    with _opened(path, most, where) as stream:
        return stream.read(most)


def copy_left(path: Path, folder: Path, most: int, *, where: str) -> Path:
    """The same file in a folder that they could not write to; raises as ``read_left``."""
    with _opened(path, most, where) as stream, (folder / path.name).open("xb") as copy:
        shutil.copyfileobj(stream, copy)
    return folder / path.name


def _opened(path: Path, most: int, where: str) -> IO[bytes]:
    try:
        # Without waiting: a pipe has nobody at its other end.
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except FileNotFoundError:
        raise
    except OSError as error:  # a link; or it was made unreadable; or, from `fdopen`, it is a folder
        raise BuildError(
            where, f"it left {path.name}, which is not a regular file: {error.strerror}", hint=_HINT
        ) from error
    found = os.fstat(stream.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size <= most:
        return stream
    stream.close()
    is_file = stat.S_ISREG(found.st_mode)
    what = f"of {found.st_size} bytes, {most} are the most that are read" if is_file else "which is not a regular file"
    raise BuildError(where, f"it left {path.name}, {what}", hint=_HINT)
