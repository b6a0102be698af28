"""Reads the files in which a unit has the definitions of its state machines.

Input: a unit's table as TOML gives it. Output: the same, with the content of each file in the place of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.keys.state_machine import DEFINITION_FILE

__all__ = ["names_files", "with_definitions"]

_MACHINES = "state_machines"


def with_definitions(root: Path, folder: str, document: Mapping[str, object]) -> Mapping[str, object]:
    """``document``: the whole ``pyproject.toml`` of the unit in ``folder`` of the repository at ``root``.

    Raises:
        ConfigurationError: a file is not there, is not in the unit's folder, or has no table in it.
    """
    tool, table = _tables(document)
    if not _has_machines(table):
        return document
    unit = _Unit(root, folder)
    return {**document, "tool": {**tool, "multi_env_lambda": unit.filled(table, "tool.multi_env_lambda")}}


def names_files(document: Mapping[str, object]) -> bool:
    """Whether the table does not say everything by itself."""
    return _has_machines(_tables(document)[1])


def _tables(document: Mapping[str, object]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The tables ``tool`` and ``tool.multi_env_lambda``; empty if they are not there."""
    tool = document.get("tool")
    table = tool.get("multi_env_lambda") if isinstance(tool, Mapping) else None
    return tool if isinstance(tool, Mapping) else {}, table if isinstance(table, Mapping) else {}


def _has_machines(table: Mapping[str, object]) -> bool:
    differences = table.get("environments")
    inner = differences.values() if isinstance(differences, Mapping) else ()
    return _MACHINES in table or any(isinstance(each, Mapping) and _MACHINES in each for each in inner)


class _Unit:
    def __init__(self, root: Path, folder: str) -> None:
        self._folder, self._named, self._where = root / folder, folder, f"{folder}/pyproject.toml"

    def filled(self, table: Mapping[str, Any], path: str) -> dict[str, Any]:
        found = dict(table)
        if isinstance(found.get(_MACHINES), Mapping):
            found[_MACHINES] = {
                key: self._machine(machine, f"{path}.{_MACHINES}.{key}") for key, machine in found[_MACHINES].items()
            }
        if isinstance(found.get("environments"), Mapping):
            found["environments"] = {
                name: self.filled(each, f"{path}.environments.{name}") if isinstance(each, Mapping) else each
                for name, each in found["environments"].items()
            }
        return found

    def _machine(self, machine: Any, path: str) -> Any:
        named = machine.get("definition") if isinstance(machine, Mapping) else None
        if not isinstance(named, str):
            return machine
        return {**machine, "definition": self._read(named, f"{self._where} [{path}] definition")}

    def _read(self, name: str, where: str) -> Mapping[str, Any]:
        pure = PurePosixPath(name)
        if not DEFINITION_FILE.accepts(name) or pure.is_absolute() or ".." in pure.parts:
            what = f'found "{name}"; expected {DEFINITION_FILE.allowed}'
            raise ConfigurationError(where, what, hint=DEFINITION_FILE.hint)
        file = (self._folder / name).resolve()
        if not file.is_relative_to(self._folder.resolve()) or not file.is_file():
            hint = "the path is relative to the folder of the unit, which also has to contain the file itself"
            raise ConfigurationError(where, f'there is no file "{name}" in the unit', hint=hint)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(where, f'"{name}" cannot be read: {error}', hint="correct the file") from error
        from multi_env_lambda.adopt.document import read_document

        found = read_document(text, f"{self._named}/{name}").plain()
        if not isinstance(found, Mapping):
            raise ConfigurationError(where, f'"{name}" has no table in it', hint="it begins with `StartAt`, `States`")
        return found
