"""What the readers of other tools' projects hand over: our tables, the rest for ``stack.py``, and what became of each
setting, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

__all__ = [
    "Carried",
    "Changed",
    "Finding",
    "Grant",
    "Missing",
    "NotCarried",
    "Ours",
    "Place",
    "Reading",
    "Stack",
    "Told",
    "Variable",
    "Wanted",
]


Told = Literal["this one", "an ended one", "nothing"]
"""About the runtime: one with which AWS creates functions, one with which it no longer does, or nothing."""


@attrs.frozen(order=True)
class Place:
    """A line of a file of the other tool."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@attrs.frozen(kw_only=True)
class Carried:
    """A setting that means the same here.

    Args:
        function: its name in the other tool; empty for what belongs to none, such as a resource.
        what: the setting in the words of the other tool.
        to: what it has become, in our words.
    """

    function: str
    what: str
    place: Place
    to: str


@attrs.frozen(kw_only=True)
class Changed:
    """A setting that has a counterpart which differs; ``reason`` says how."""

    function: str
    what: str
    place: Place
    to: str
    reason: str


@attrs.frozen(kw_only=True)
class NotCarried:
    """A setting that has no counterpart; ``reason`` says why, and what to do if it is needed."""

    function: str
    what: str
    place: Place
    reason: str


Finding = Carried | Changed | NotCarried


@attrs.frozen(kw_only=True)
class Wanted:
    """A value that the other tool is given when it deploys, such as a parameter of a template.

    Args:
        default: its own, or None. allowed: the only values, if they are listed.
        secret: it must not be shown, so it is read from a secret and not asked for.
    """

    name: str
    place: Place
    default: str | None = None
    allowed: tuple[str, ...] = ()
    about: str = ""
    secret: bool = False


@attrs.frozen(kw_only=True)
class Missing:
    """A wanted value that nobody has given for some environments."""

    wanted: Wanted
    environments: tuple[str, ...]


@attrs.frozen
class Ours:
    """Stands in a body for a reference to a function of the unit: ``context.alias(key)`` and the like."""

    method: Literal["function", "function_arn", "alias", "role", "role_arn"]
    key: str


@attrs.frozen(kw_only=True)
class Grant:
    """Allows a function actions on resources of the stack: ``context.allow``."""

    function: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]


@attrs.frozen(kw_only=True)
class Variable:
    """A variable whose value only the stack knows: ``context.set_environment``."""

    function: str
    name: str
    value: Any


@attrs.frozen(kw_only=True)
class Stack:
    """What goes into ``stack.py``.

    Args:
        resources: logical id -> what is merged into the template, in CloudFormation's words, with ``Ours`` in it.
    """

    resources: Mapping[str, Any] = {}
    grants: tuple[Grant, ...] = ()
    variables: tuple[Variable, ...] = ()


@attrs.frozen(kw_only=True)
class Reading:
    """A project of another tool as it is in one environment; ``written.joined`` puts those of all together.

    Args:
        table: ``[tool.multi_env_lambda]`` without ``environments``.
        folders: of code, relative to the project; "." is all of it.
        files: more files to write, by path relative to the unit's folder.
        told: what the project says about the runtime.
        before: the runtime without the modules that the project imports, so that its own is older; empty: none is.
    """

    table: Mapping[str, Any]
    stack: Stack = Stack()
    findings: tuple[Finding, ...] = ()
    folders: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    told: Told = "this one"
    before: str = ""
