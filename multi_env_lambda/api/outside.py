"""Types for objects of two libraries that ship no type information.

At run time these are the libraries' own objects, with everything else that those offer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

__all__ = ["FilePath", "Template"]


class FilePath(Protocol):
    """A file or folder as a ``pathlib_mate.Path``: most of ``pathlib``, plus hashes and file selection.

    It is not a ``pathlib.Path``, and the two never compare equal; convert it with ``pathlib.Path(path)``.

    Source: https://pypi.org/project/pathlib-mate/
    """

    @property
    def name(self) -> str:
        """The last part of the path."""

    @property
    def stem(self) -> str:
        """The name without its suffix."""

    @property
    def suffix(self) -> str:
        """The end of the name, from its last dot."""

    @property
    def parent(self) -> FilePath:
        """The folder that contains it."""

    @property
    def abspath(self) -> str:
        """The absolute path, as a string."""

    @property
    def size(self) -> int:
        """The size of the file, in bytes."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file's content, in hexadecimal."""

    def __fspath__(self) -> str: ...
    def __truediv__(self, part: str) -> FilePath: ...
    def joinpath(self, *parts: str) -> FilePath:
        """The path below this one, from its parts."""

    def exists(self) -> bool:
        """Whether there is a file or folder at this path."""

    def is_file(self) -> bool:
        """Whether it is a file."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def iterdir(self) -> Iterator[FilePath]:
        """The entries of the folder."""

    def read_bytes(self) -> bytes:
        """The content of the file."""

    def read_text(self, encoding: str | None = None) -> str:
        """The content of the file as text."""

    def write_text(self, data: str, encoding: str | None = None) -> int:
        """Replace the content of the file; returns the number of characters."""

    def select_file(self, *, recursive: bool = True) -> Iterator[FilePath]:
        """The files in the folder, by default at any depth."""

    def select_dir(self, *, recursive: bool = True) -> Iterator[FilePath]:
        """The folders in the folder, by default at any depth."""

    def copyto(
        self, new_abspath: str | None = None, *, new_dirpath: str | None = None, overwrite: bool = False
    ) -> FilePath:
        """Copy the file or folder; returns the path of the copy."""


class Template(Protocol):
    """A ``cottonformation.Template``. Its resources are instances of that library's classes.

    Source: https://pypi.org/project/cottonformation/
    """

    Description: str
    """What the stack is."""
    Parameters: dict[str, Any]
    """The parameters by name."""
    Mappings: dict[str, Any]
    """The mappings by name."""
    Conditions: dict[str, Any]
    """The conditions by name."""
    Resources: dict[str, Any]
    """The resources by logical id."""
    Outputs: dict[str, Any]
    """The outputs by name."""

    def add(self, obj: object) -> None:
        """Add a resource, parameter, output or another element."""

    def remove(self, obj: object) -> None:
        """Remove an element that was added."""

    def to_dict(self) -> dict[str, Any]:
        """The template as a dictionary."""

    def to_json(self) -> str:
        """The template as JSON."""

    def to_yml(self) -> str:
        """The template as YAML."""
