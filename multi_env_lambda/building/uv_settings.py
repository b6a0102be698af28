"""What a repository may configure in uv: its root the package indexes, a unit the versions, and nothing else.

uv reads a whole table of settings from a folder, and obeys it with the user's rights: where to write (``pip.target``),
which program to ask for passwords (``keyring-provider``), whom to trust (``allow-insecure-host``). So it never runs in
a folder of a repository (``host.process.run_uv``), and gets only these settings. The user's own settings apply as
usual. Source: https://docs.astral.sh/uv/reference/settings/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_toml

__all__ = ["indexes_of_the_root", "plain_lines", "refuse_own_indexes", "refuse_variables", "versions_of_a_unit"]

_INDEXES = ("index", "index-url", "extra-index-url", "find-links", "no-index", "index-strategy")
_VERSIONS = (
    "constraint-dependencies",
    "override-dependencies",
    "exclude-dependencies",
    "environments",
    "required-environments",
    "exclude-newer",
    "prerelease",
    "resolution",
    "fork-strategy",
)
"""They decide which version is chosen, but not where it comes from or what runs."""


def indexes_of_the_root(root: Path) -> str:
    """Lines of ``[tool.uv]`` that name the package indexes of the workspace; relative paths are made absolute.

    Raises:
        ConfigurationError: a file cannot be read, or an address has a password.
    """
    lines: list[str] = []
    for file, table in _tables(root, ""):
        for key in _INDEXES:
            if key in table and not any(line.startswith(f"{key} =") for line in lines):
                _refuse_passwords(table[key], file, key)
                lines.append(f"{key} = {_toml(_absolute(table[key], root, key))}\n")
    return "".join(lines)


def _refuse_passwords(value: Any, file: str, key: str) -> None:
    """Git would show it to everybody, and a package that is run while locking could read the file."""
    for text in _texts(value):
        try:
            parts = urlsplit(text)
        except ValueError:  # uv says what is wrong with it
            continue
        if parts.password:
            what = f"[tool.uv] {key!r} has a password for {parts.hostname}, and this file is in the repository"
            hint = (
                "name the index, and set UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD, or use a keyring; "
                "then change the password"
            )
            raise ConfigurationError(file, what, hint=hint)


def versions_of_a_unit(folder: Path, where: str) -> str:
    """Lines of ``[tool.uv]`` that narrow the versions of what a unit locks.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    table: Mapping[str, Any] = next((table for _, table in _tables(folder, where)), {})
    return "".join(f"{key} = {_toml(table[key])}\n" for key in _VERSIONS if key in table)


def refuse_own_indexes(folder: Path, where: str) -> None:
    """A unit uses the indexes of the workspace: its author cannot name a server that would get the others' passwords.

    Raises:
        ConfigurationError: naming the file and the key.
    """
    for file, table in _tables(folder, where):
        for key in _INDEXES:
            if key in table:
                what = (
                    f"[tool.uv] {key!r} is not allowed in a unit: the workspace decides which package indexes are used"
                )
                hint = f"put it into [tool.uv] of the pyproject.toml at the root, and delete {key!r} here"
                raise ConfigurationError(file, what, hint=hint)


def plain_lines(requirements: Iterable[str], where: str) -> bytes:
    """The requirements, one per line, as uv reads them from its input.

    Raises:
        ConfigurationError: to uv, one would be more than a requirement.
    """
    found = list(requirements)
    for text in found:
        _check_plain(text, where)
    return "".join(f"{text}\n" for text in found).encode()


def refuse_variables(folder: Path, where: str) -> None:
    """uv expands environment variables in addresses, and so would send a secret to the owner of the address.

    Raises:
        ConfigurationError: naming the requirement.
    """
    document = read_toml(folder / "pyproject.toml", f"{where}/pyproject.toml")
    project = document.get("project")
    asked = [project.get("dependencies"), project.get("optional-dependencies")] if isinstance(project, dict) else []
    told = [table[key] for _, table in _tables(folder, where) for key in _VERSIONS if key in table]
    for text in _texts([*asked, *told]):
        _check_plain(text, f"{where}/pyproject.toml")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list() | dict():
            for item in value.values() if isinstance(value, dict) else value:
                yield from _texts(item)
        case _:
            return


def _check_plain(text: str, where: str) -> None:
    if "${" in text:
        what = f"{text!r} has a variable, which uv would replace from your environment and send to that address"
        raise ConfigurationError(where, what, hint="write the address literally; put passwords into uv's own settings")
    if len(text.splitlines()) > 1 or text.startswith("-"):
        what = f"{text!r} is more than one line of requirements"
        raise ConfigurationError(where, what, hint="write one requirement as one line; see PEP 508")


def _tables(folder: Path, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """As uv reads them: ``uv.toml`` instead of the other, and in each the table ``pip`` last."""
    for name, path in (("uv.toml", ()), ("pyproject.toml", ("tool", "uv"))):
        file = f"{where}/{name}" if where else name
        try:
            table: Any = read_toml(folder / name, file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for step in path:
            table = table.get(step, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict):
            yield file, table
            if isinstance(table.get("pip"), dict):
                yield file, table["pip"]


def _absolute(value: Any, root: Path, key: str) -> Any:
    """Addresses stay as they are."""
    match value:
        case str() if key != "index-strategy" and "://" not in value:
            return str(root.resolve() / value)
        case list():
            return [_absolute(item, root, key) for item in value]
        case dict() if isinstance(value.get("url"), str):
            return {**value, "url": _absolute(value["url"], root, key)}
        case _:
            return value


def _toml(value: Any) -> str:
    """JSON strings, numbers and booleans are also valid TOML."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)
