"""A unit whose file has our table alone: what the standard ``[project]`` would say comes from its folder.

Its name is the folder's, its version the first one, and its dependencies are in ``requirements.txt``, if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from multi_env_lambda.building.lock_formats import logical_lines
from multi_env_lambda.building.taken_over import text_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.name import PROJECT_NAME, normalised

__all__ = ["declared", "is_undeclared"]

_VERSION = "0.1.0"
_REQUIREMENTS = "requirements.txt"
_MOST_FILES = 20
_HINT = "require a released version; a folder of the repository belongs in `shared`, without being required"


def is_undeclared(document: Mapping[str, Any]) -> bool:
    """Whether a unit's file has our table, but no ``[project]``."""
    tools = document.get("tool")
    return "project" not in document and isinstance(tools, dict) and "multi_env_lambda" in tools


def declared(root: Path, folder: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the table ``[project]`` that its folder stands for.

    Raises:
        ConfigurationError: the folder's name cannot be a unit's, or something in ``requirements.txt`` is no version.
    """
    name = normalised(PurePosixPath(folder).name)
    if not PROJECT_NAME.accepts(name):
        what = f"without [project] it would be called `{name}`; expected {PROJECT_NAME.allowed}"
        raise ConfigurationError(
            f"{folder}/pyproject.toml", what, hint="rename the folder, or write [project] with a name"
        )
    table = {"name": name, "version": _VERSION, "dependencies": list(_requirements(root / folder, folder))}
    return {**document, "project": table}


def _requirements(folder: Path, where: str) -> Iterator[str]:
    """Of the file and those that it includes from its folder; options are for pip alone."""
    waiting, seen = [folder / _REQUIREMENTS], set[Path]()
    while waiting:
        path = waiting.pop(0).resolve()
        if path in seen or len(seen) >= _MOST_FILES or not path.is_relative_to(folder.resolve()):
            continue
        seen.add(path)
        name = f"{where}/{path.relative_to(folder.resolve()).as_posix()}"
        if not path.is_file():
            if len(seen) > 1:
                raise ConfigurationError(
                    f"{where}/{_REQUIREMENTS}", f"includes {path.name}, which is not there", hint=_FIX
                )
            continue
        for number, line in logical_lines(text_of(path, name)):
            words = line.split()
            if words[0] in ("-r", "--requirement") and len(words) == 2:
                waiting.append(path.parent / words[1])
            elif words[0] in ("-e", "--editable") or not words[0].startswith("-"):
                yield _requirement(line.split(" --")[0], f"{name} line {number}")


_FIX = "add the file, or remove the line"


def _requirement(text: str, where: str) -> str:
    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError):
        raise ConfigurationError(where, f"`{text:.80}` is not a requirement by name", hint=_HINT) from None
    if found.url is not None:
        raise ConfigurationError(where, f"`{found.name}` is required by an address, which has no hash", hint=_HINT)
    return str(found)
