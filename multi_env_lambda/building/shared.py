"""The shared folders of a unit: which are packages, what they are called, and what they need from an index.

Most say so in a table ``[project]``. Older ones say it in a ``setup.cfg`` or a ``setup.py``, of which only what is
written literally is known before the build, and the rest after it.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterable, Mapping
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.distribution import Wheel
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = ["check_required", "is_older", "is_package", "older_name", "own_names", "shared_dependencies"]

_LARGEST_SETUP = 1 << 20
_AS_IN = "write each as in `requests>=2.31,<3`"


def own_names(root: Path, project: Project) -> frozenset[str]:
    """The packages that the unit is built from: its own and those of its shared folders, regardless of any index."""
    older = (name for folder in project.shared if (name := older_name(root / folder)))
    return frozenset({project.name, *_shared_names(_shared_tables(root, project)), *older})


def _shared_tables(root: Path, project: Project) -> dict[str, Mapping[str, Any]]:
    return {folder: table for folder in project.shared if (table := _project_table(root, folder)) is not None}


def _shared_names(tables: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {canonicalize_name(name) for table in tables.values() if isinstance(name := table.get("name"), str)}


def shared_dependencies(root: Path, project: Project) -> tuple[str, ...]:
    """What the unit's shared folders need from a package index, to check that the unit's lock covers it.

    Requirements of another shared folder, or of the unit, are not third-party.
    """
    tables = _shared_tables(root, project)
    own = own_names(root, project)
    found: set[str] = set()
    for folder, table in tables.items():
        found.update(text for name, text in _requirements(folder, table) if name not in own)
    return tuple(sorted(found))


def _requirements(folder: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    where = f"{folder}/pyproject.toml [project]"
    if _is_dynamic(table):
        return []  # known from its wheel
    try:
        return [(canonicalize_name(Requirement(text).name), text) for text in table.get("dependencies", ())]
    except (InvalidRequirement, RecursionError, TypeError) as error:
        raise ConfigurationError(where, f"`dependencies` has an invalid entry: {error}", hint=_AS_IN) from error


def is_package(root: Path, folder: str) -> bool:
    """Whether a shared folder is built; any other one is plain code, which only the unit's own backend can pack.

    Source: https://peps.python.org/pep-0517/#source-trees (also a tree with a setup.py alone)
    """
    document = _document(root / folder, folder)
    return isinstance(document.get("project"), dict) or "build-system" in document or is_older(root / folder)


def is_older(folder: Path) -> bool:
    """Whether a file of setuptools says how it is built; linters have their settings in ``setup.cfg``, too.

    An empty ``setup.py`` builds nothing.
    """
    setup = folder / "setup.py"
    return (setup.is_file() and setup.stat().st_size > 0) or re.search(
        r"(?m)^\[(metadata|options)\b", _text(folder / "setup.cfg")
    ) is not None


def older_name(folder: Path) -> str:
    """The name in ``[tool.poetry]`` or ``setup.cfg``, or a literal one in ``setup.py``; empty if there is none."""
    tools = _document(folder).get("tool")
    poetry = tools.get("poetry") if isinstance(tools, dict) else None
    if isinstance(poetry, dict) and isinstance(poetry.get("name"), str):
        return canonicalize_name(poetry["name"])
    try:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(_text(folder / "setup.cfg"))
        name = parser.get("metadata", "name", fallback="") or _called_setup(_text(folder / "setup.py"))
    except (configparser.Error, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return canonicalize_name(name)


def _called_setup(text: str) -> str:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("setup", "setuptools.setup"):
            for keyword in node.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def _text(path: Path) -> str:
    try:
        return read_bounded(path, path.name, _LARGEST_SETUP)[:_LARGEST_SETUP].decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError, ConfigurationError):
        return ""


def check_required(root: Path, project: Project, shared: Iterable[tuple[str, Wheel]]) -> None:
    """What only the backend of a folder knows is in its wheel; the unit has to ask for it, so that it is locked.

    Raises:
        BuildError: the unit does not.
    """
    asked = {canonicalize_name(Requirement(text).name) for text in project.dependencies} | own_names(root, project)
    for folder, wheel in shared:
        table = _project_table(root, folder)
        if table is None or _is_dynamic(table):
            missing = sorted(text for name, text in _required(wheel, folder) if name not in asked)
            if missing:
                what = f"{folder} requires {', '.join(missing)}, which the unit does not"
                is_listed = project.has_table or project.dynamic
                place = "the dependencies" if is_listed else "requirements.txt"
                raise BuildError(project.folder, what, hint=f"add it to {place} of the unit, then lock")


def _required(wheel: Wheel, folder: str) -> Iterable[tuple[str, str]]:
    metadata = next((file.body for file in wheel.info if file.path == "METADATA"), b"")
    for text in BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", []):
        try:
            need = Requirement(text)
        except (InvalidRequirement, RecursionError) as error:
            raise BuildError(
                folder, f"its wheel requires {text!r:.80}, which is not a valid requirement", hint=_AS_IN
            ) from error
        if "extra" not in str(need.marker or ""):
            yield canonicalize_name(need.name), text


def _is_dynamic(table: Mapping[str, Any]) -> bool:
    found = table.get("dynamic")
    return isinstance(found, list) and "dependencies" in found


def _project_table(root: Path, folder: str) -> Mapping[str, Any] | None:
    table = _document(root / folder, folder).get("project")
    return table if isinstance(table, dict) else None


def _document(place: Path, folder: str = "") -> Mapping[str, Any]:
    try:
        return read_toml(place / "pyproject.toml", f"{folder or place.name}/pyproject.toml")
    except (FileNotFoundError, NotADirectoryError):
        return {}
