"""The files of a workspace: where its root is, and its TOML documents."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError

__all__ = ["Repository", "find_root", "read_repository"]

PROJECTS = "projects"


@attrs.frozen(kw_only=True)
class Repository:
    """The documents of one workspace; ``units`` by folder, as in ``projects/orders``."""

    root: Path
    document: dict[str, Any]
    units: dict[str, dict[str, Any]]


def find_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` whose pyproject.toml has ``[tool.multi_env_lambda.devops]``.

    Raises:
        ConfigurationError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        path = folder / "pyproject.toml"
        if path.is_file() and "devops" in _ours(_read(path, "pyproject.toml")):
            return folder
    raise ConfigurationError(
        str(start),
        "no pyproject.toml here or above has a table [tool.multi_env_lambda.devops]",
        hint="`multi-env-lambda init` writes one",
    )


def read_repository(root: Path) -> Repository:
    """Read all documents at once. A folder without a pyproject.toml is not a unit."""
    folders = sorted(path.parent for path in (root / PROJECTS).glob("*/pyproject.toml"))
    units = {}
    for folder in folders:
        name = f"{PROJECTS}/{folder.name}"
        units[name] = _read(folder / "pyproject.toml", f"{name}/pyproject.toml")
    return Repository(root=root, document=_read(root / "pyproject.toml", "pyproject.toml"), units=units)


def _read(path: Path, where: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("\ufeff"):
            hint = "save the file as UTF-8 without a byte order mark"
            raise ConfigurationError(where, "not a TOML document: it begins with a byte order mark", hint=hint)
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(where, f"not a TOML document: {error}", hint="correct the file") from error
    except OSError as error:
        raise ConfigurationError(where, f"cannot be read: {error.strerror}", hint="make it a readable file") from error


def _ours(document: dict[str, Any]) -> dict[str, Any]:
    tools = document.get("tool")
    table = tools.get("multi_env_lambda") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else {}
