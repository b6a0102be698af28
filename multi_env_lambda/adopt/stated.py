"""One name stated in a ``pyproject.toml`` that people write: a line after its header, or a new table at the end."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from multi_env_lambda.errors import ConfigurationError

__all__ = ["with_names"]


def with_names(text: str, names: Iterable[tuple[str, str]], where: str) -> str:
    """The text with each name below its header; nothing else in it means anything else.

    >>> print(with_names("[a.b]\\nc = 1\\n", [("[a.b]", "x"), ("[a.d]", "y")], "pyproject.toml"))
    [a.b]
    name = "x"
    c = 1
    <BLANKLINE>
    [a.d]
    name = "y"
    <BLANKLINE>

    Args:
        names: the header of a table in its brackets, and the name.

    Raises:
        ConfigurationError: the table is written in another form, so that a person has to add the line.
    """
    for header, name in names:
        found = _with_name(text, header, f"name = {json.dumps(name)}")
        if not _says(found, header, name) or _without(found, header) != _without(text, header):
            what = f"the name of {header} could not be added"
            raise ConfigurationError(where, what, hint=f'write `name = "{name}"` into that table')
        text = found
    return text


def _with_name(text: str, header: str, line: str) -> str:
    there = re.search(rf"(?m)^{re.escape(header)}[ \t]*(#.*)?$", text)
    if there is None:
        return f"{text.rstrip()}\n\n{header}\n{line}\n"
    start, end = text[: there.end()], text[there.end() :]
    table = re.split(r"(?m)^\[", end, maxsplit=1)
    inside = re.sub(r"(?m)^name[ \t]*=.*\n?", "", table[0], count=1)
    return f"{start}\n{line}{inside}{'[' + table[1] if len(table) > 1 else ''}"


def _keys(header: str) -> list[str]:
    return header.strip("[]").split(".")


def _says(text: str, header: str, name: str) -> bool:
    try:
        found: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    for key in _keys(header):
        found = found.get(key) if isinstance(found, dict) else None
    return isinstance(found, dict) and found.get("name") == name


def _without(text: str, header: str) -> Any:
    """Everything but that name, and the tables that are there only for it."""
    found = tomllib.loads(text)
    tables = [found]
    for key in _keys(header):
        inner = tables[-1].get(key)
        if not isinstance(inner, dict):
            return found
        tables.append(inner)
    tables[-1].pop("name", None)
    for key, outer, inner in zip(reversed(_keys(header)), reversed(tables[:-1]), reversed(tables[1:]), strict=True):
        if not inner:
            del outer[key]
    return found
