"""Advice in two wordings, for those who type commands and for those who call methods. The same, so none is left out.

It travels as a text through steps, results and documents, where it is the command line's. Errors and what a
notebook shows use the other one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "REPAIR_IT",
    "STATUS",
    "Advice",
    "advice",
    "counted",
    "in_python",
    "option",
    "through_all",
    "unit_call",
    "worded",
]


class Advice(str):
    """A text in the words of the command line; ``python`` is the same in those of Python."""

    python: str

    def __new__(cls, typed: str, python: str | None = None) -> Advice:
        made = super().__new__(cls, typed)
        made.python = typed if python is None else python
        return made


def in_python(text: str) -> str:
    """The text in the words of Python, if it has any of its own."""
    return text.python if isinstance(text, Advice) else text


def worded(text: str, change: Callable[[str], str]) -> str:
    """The text with both wordings changed in the same way."""
    return Advice(change(text), change(text.python)) if isinstance(text, Advice) else change(text)


def advice(sentence: str, *parts: str, **named: str) -> Advice:
    """A sentence with its parts, as ``str.format`` puts them in, in both wordings.

    >>> told = advice("`{}` sends it again", unit_call("deploy", "orders", "prod", force=True))
    >>> print(told)
    `deploy.py orders prod --force` sends it again
    >>> print(told.python)
    `workspace.unit("orders").deploy("prod", force=True)` sends it again
    """
    python = (in_python(part) for part in parts)
    return Advice(
        sentence.format(*parts, **named),
        sentence.format(*python, **{name: in_python(part) for name, part in named.items()}),
    )


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "unit"), counted(0, "unit")
    ('1 unit', '0 units')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def option(name: str, value: str | Iterable[str] | bool = True) -> Advice:
    """An option of a command, which is an argument of the method.

    >>> option("agree", ["older:orders", "rights"]), option("agree", ["older:orders", "rights"]).python
    ('--agree older:orders --agree rights', 'agree=["older:orders", "rights"]')
    """
    values = [value] if isinstance(value, str) else [""] if isinstance(value, bool) else list(value)
    typed = " ".join(f"--{name} {each}".rstrip() for each in values)
    return Advice(typed, f"{name}={_literal(value if isinstance(value, (str, bool)) else values)}")


def unit_call(verb: str, unit: str, environment: str, **options: str | bool) -> Advice:
    """A verb for one unit in one environment: the script, which is a method of the unit's handle."""
    given = [option(name, value) for name, value in options.items()]
    arguments = ", ".join((_literal(environment), *(item.python for item in given)))
    return Advice(
        " ".join((f"{verb}.py", unit, environment, *given)), f"workspace.unit({_literal(unit)}).{verb}({arguments})"
    )


def through_all(units: Iterable[str], environment: str) -> Advice:
    """What brings units to an environment if they have not been in the one before; none: all.

    >>> through_all(["orders"], "prod")
    '`promote.py orders --to prod` brings it there through the environments before'
    """
    named = tuple(units)
    arguments = ", ".join((*map(_literal, named), f"to={_literal(environment)}"))
    typed = " ".join(("promote.py", *named, "--to", environment))
    return advice(
        "`{}` brings it there through the environments before", Advice(typed, f"workspace.promote({arguments})")
    )


def _literal(value: Any) -> str:
    return repr(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


STATUS = Advice("status.py", "workspace.status()")

REPAIR_IT = unit_call("repair", "UNIT", "ENVIRONMENT")
"""As errors of AWS say it, which know neither; ``flow/failure.py`` puts both in."""
