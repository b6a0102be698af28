"""The files of a workspace: where its root is, and its TOML documents."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml, unreadable
from multi_env_lambda.model.toml import LARGEST, parse_toml
from multi_env_lambda.model.units_folder import DEFAULT_FOLDER, TOP, folder_in, unit_folder
from multi_env_lambda.wording import Advice, advice

__all__ = ["Repository", "document_of", "find_root", "read_repository", "unit_at", "units_of"]

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


@attrs.frozen(kw_only=True, slots=False)
class Repository:
    """The files of one workspace: ``table`` is the root's, ``tables`` are the units'.

    ``tables`` are by folder, such as ``projects/orders``: what is in the file, or why it cannot be read.
    """

    root: Path
    table: bytes
    document: Mapping[str, Any]
    tables: Mapping[str, bytes | ConfigurationError]

    @property
    def units(self) -> Mapping[str, Mapping[str, Any] | ConfigurationError]:
        """The documents of the units, by folder, or why one cannot be read."""
        return {folder: self.unit(folder) for folder in self.tables}

    def unit(self, folder: str) -> Mapping[str, Any] | ConfigurationError:
        return document_of(folder, self.tables[folder])


def find_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` whose pyproject.toml has ``[tool.multi_env_lambda.devops]``.

    A unit's file on the way up may be broken.

    Raises:
        ConfigurationError: there is none.
    """
    unread: ConfigurationError | None = None
    for folder in (start.resolve(), *start.resolve().parents):
        try:
            if "devops" in _ours(read_toml(folder / "pyproject.toml", "pyproject.toml")):
                return folder
        except (FileNotFoundError, NotADirectoryError):
            continue
        except ConfigurationError as error:
            unread = unread or error
    raise unread or ConfigurationError(
        str(start),
        "no pyproject.toml here or above has a table [tool.multi_env_lambda.devops]",
        hint=advice("`{}` writes one", Advice("multi-env-lambda init", "Workspace.init()")),
    )


def read_repository(root: Path) -> Repository:
    """Read all documents, each unit's separately. A folder without a pyproject.toml is not a unit."""
    table = read_bounded(root / "pyproject.toml", "pyproject.toml", LARGEST)
    document = parse_toml(table, "pyproject.toml")
    units = folder_in(_ours(document))
    found = dict(_tables(root, units))
    if units == TOP:
        found = {folder: there for folder, there in found.items() if _is_meant(document_of(folder, there))}
    return Repository(root=root, table=table, document=document, tables=found)


def document_of(folder: str, table: bytes | ConfigurationError) -> Mapping[str, Any] | ConfigurationError:
    """What the table in this folder says, or why it cannot be read."""
    try:
        return table if isinstance(table, ConfigurationError) else parse_toml(table, f"{folder}/pyproject.toml")
    except ConfigurationError as error:
        return error


def units_of(root: Path) -> str:
    """The folder of the units; the default if the table cannot be read, which others refuse."""
    try:
        return folder_in(_ours(read_toml(root / "pyproject.toml", "pyproject.toml")))
    except (ConfigurationError, OSError):
        return DEFAULT_FOLDER


def unit_at(folder: Path) -> str | None:
    """The name of this folder if it is where a unit is; None for any other, and outside of a workspace."""
    try:
        root = find_root(folder)
    except ConfigurationError:
        return None
    return folder.name if folder != root and folder.parent == root / units_of(root) else None


def _is_meant(document: Mapping[str, Any] | ConfigurationError) -> bool:
    """At the top of a repository there are folders of other kinds, too."""
    return isinstance(document, ConfigurationError) or "multi_env_lambda" in _tools(document)


def _tables(root: Path, units: str) -> Iterator[tuple[str, bytes | ConfigurationError]]:
    try:
        names = sorted(os.listdir(root / units))
    except OSError as error:
        if error.errno not in _NOT_THERE:
            # Whatever is in it is broken with it.
            yield units, unreadable(units, error)
        return
    top = f"{root}{os.sep}"
    for name in names:
        folder = unit_folder(units, name)
        try:
            yield folder, read_bounded(f"{top}{folder}/pyproject.toml", f"{folder}/pyproject.toml", LARGEST)
        except ConfigurationError as error:
            yield folder, error
        except OSError as error:
            if error.errno not in _NOT_THERE:
                yield folder, unreadable(f"{folder}/pyproject.toml", error)


def _tools(document: Mapping[str, Any]) -> Mapping[str, Any]:
    tools = document.get("tool")
    return tools if isinstance(tools, dict) else {}


def _ours(document: Mapping[str, Any]) -> Mapping[str, Any]:
    table = _tools(document).get("multi_env_lambda")
    return table if isinstance(table, dict) else {}
