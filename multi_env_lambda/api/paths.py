"""Files and folders as people get them: with pathlib-mate's methods. Inside of the library they are pathlib's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib_mate

__all__ = ["handed_out"]


def handed_out(path: str | os.PathLike[str]) -> pathlib_mate.Path:
    """The same path with pathlib-mate's methods: ``.sha256``, ``.select_file()``, ``.copyto(…)``.

    It is an ``os.PathLike`` and no ``pathlib.Path``, and the two are never equal: compare with ``pathlib.Path(it)``.
    """
    from pathlib_mate import Path

    return Path(os.fspath(path))
