"""The files of a workspace: where its root is, and its TOML documents."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_toml, unreadable
from multi_env_lambda.wording import Advice, advice

__all__ = ["Repository", "find_root", "read_repository"]

PROJECTS = "projects"
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


@attrs.frozen(kw_only=True)
class Repository:
    """The documents of one workspace; ``units`` by folder, such as ``projects/orders``, or why one cannot be read."""

    root: Path
    document: Mapping[str, Any]
    units: Mapping[str, Mapping[str, Any] | ConfigurationError]


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
    return Repository(
        root=root, document=read_toml(root / "pyproject.toml", "pyproject.toml"), units=dict(_units(root))
    )


def _units(root: Path) -> Iterator[tuple[str, Mapping[str, Any] | ConfigurationError]]:
    try:
        names = sorted(os.listdir(root / PROJECTS))
    except OSError as error:
        if error.errno not in _NOT_THERE:
            # Whatever is in it is broken with it.
            yield PROJECTS, unreadable(PROJECTS, error)
        return
    for name in names:
        folder = f"{PROJECTS}/{name}"
        try:
            os.lstat(root / folder / "pyproject.toml")
            yield folder, read_toml(root / folder / "pyproject.toml", f"{folder}/pyproject.toml")
        except ConfigurationError as error:
            yield folder, error
        except OSError as error:
            if error.errno not in _NOT_THERE:
                yield folder, unreadable(f"{folder}/pyproject.toml", error)


def _ours(document: Mapping[str, Any]) -> Mapping[str, Any]:
    tools = document.get("tool")
    table = tools.get("multi_env_lambda") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else {}
