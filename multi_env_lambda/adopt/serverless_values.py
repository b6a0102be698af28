"""What a text of Serverless can turn out to be, besides what YAML knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import attrs

from multi_env_lambda.adopt.filled import Filled, Symbol

__all__ = ["Filled", "Link", "Symbol", "Tree", "Unknown", "Value", "Where", "joined", "plain", "shown"]


@attrs.frozen
class Where:
    """A place in a file: the keys and numbers that lead there."""

    file: str
    path: tuple[str | int, ...]


@attrs.frozen
class Link:
    """A value that only AWS knows, and that is looked up in a deploy."""

    kind: str
    """``parameter``, ``secret``, ``function`` for the name of one of the service, ``queue`` for one of a construct."""
    name: str | Filled
    key: str | None = None
    """One key of a secret; what of a queue."""


@attrs.frozen
class Unknown:
    """A value that cannot be known here, and why."""

    variable: str
    """As it is written, without ``${`` and ``}``."""
    why: str
    where: Where
    option: str | None = None
    """What a person can give a value to."""


Scalar: TypeAlias = "str | int | float | bool | None"
Value: TypeAlias = "Scalar | Filled | Link | Unknown | list[Value] | dict[str, Value]"
Tree: TypeAlias = "Scalar | list[Tree] | dict[str, Tree]"


def joined(values: Iterable[Value]) -> str | Filled:
    """One text; numbers and truth as YAML writes them."""
    parts: list[str | Symbol] = []
    for value in values:
        for part in value.parts if isinstance(value, Filled) else (_written(value),):
            if isinstance(part, str) and parts and isinstance(last := parts[-1], str):
                parts[-1] = last + part
            elif part != "":
                parts.append(part)
    if any(isinstance(part, Symbol) for part in parts):
        return Filled(tuple(parts))
    return "".join(str(part) for part in parts)


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def plain(text: str | Filled) -> str:
    """The text in the environment that is being read."""
    if isinstance(text, str):
        return text
    return "".join(part.value if isinstance(part, Symbol) else part for part in text.parts)


def shown(text: str | Filled) -> str:
    """The text as our tables have it: ``${environment}`` stays, and any other ``${`` is written as ``$${``."""
    parts = (text,) if isinstance(text, str) else text.parts
    return "".join(f"${{{part.name}}}" if isinstance(part, Symbol) else part.replace("${", "$${") for part in parts)
