"""Folders and files as they are handed to people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib_mate

__all__ = ["handed_out"]


def handed_out(path: Path) -> pathlib_mate.Path:
    """The same path with the methods of pathlib_mate (``.sha256``, ``.select_file()``, …).

    It is no ``pathlib.Path``, and everything that takes a path takes it (``os.PathLike``).
    """
    import pathlib_mate

    return pathlib_mate.Path(path)
