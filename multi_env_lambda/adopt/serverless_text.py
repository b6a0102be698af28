"""The variables in one text of Serverless: where they start and end, and what each of them asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import attrs

__all__ = ["Ask", "Literal", "Nested", "Unreadable", "asked_for", "pieces"]

_VARIABLE = re.compile(r"(?!AWS::)[A-Za-z][\w-]*(:(?!:)|\()")
"""``${self:…}`` and ``${file(…)}``; ``${Table.Arn}`` and ``${AWS::Region}`` are CloudFormation's."""

_SOURCE = re.compile(r"(?s)([A-Za-z][\w-]*)(?:\((.*)\))?(?::(.*))?\Z")
_BRACES = re.compile(r"\$\{|\}")
_DEEPEST = 20


@attrs.frozen
class Ask:
    """One source of a variable, such as ``self:custom.table`` or ``file(names.yml):table``; texts as written."""

    source: str
    inside: str | None
    """What is between the parentheses."""
    address: str | None


@attrs.frozen
class Literal:
    """A value that is written out: ``'dev'``, ``1024``, ``true``."""

    value: str | int | float | bool | None


@attrs.frozen
class Nested:
    """A variable as the default of another one: ``${opt:stage, ${self:custom.stage}}``."""

    text: str


@attrs.frozen
class Unreadable:
    """Something that Serverless would refuse, too."""

    text: str


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """(whether it is a variable, its text without ``${`` and ``}``), or plain text, in order.

    >>> list(pieces("a-${self:b}-${AWS::Region}"))
    [(False, 'a-'), (True, 'self:b'), (False, '-${AWS::Region}')]
    """
    plain, at = "", 0
    while at < len(text):
        start = text.find("${", at)
        end = _end(text, start) if start >= 0 else -1
        if start < 0 or end < 0:
            break
        escaped = text[max(0, start - 1) : start] == "\\"
        if escaped or not _VARIABLE.match(text, start + 2):
            # What CloudFormation fills in may still have a variable inside: `${${self:custom.table}.Arn}`.
            plain += text[at : start - 1 if escaped else start] + "${"
            at = start + 2
            continue
        if plain := plain + text[at:start]:
            yield False, plain
        yield True, text[start + 2 : end]
        plain, at = "", end + 1
    if plain := plain + text[at:]:
        yield False, plain


def _end(text: str, start: int) -> int:
    """Where the ``}`` of the ``${`` at ``start`` is, or -1."""
    depth = 0
    for found in _BRACES.finditer(text, start):
        depth += 1 if found[0] == "${" else -1
        if depth == 0:
            return found.start()
        if depth > _DEEPEST:
            break
    return -1


def asked_for(variable: str) -> tuple[Ask | Literal | Nested | Unreadable, ...]:
    """The source of a variable, and its defaults in order.

    >>> asked_for("opt:stage, 'dev'")
    (Ask(source='opt', inside=None, address='stage'), Literal(value='dev'))
    """
    return tuple(_one(part.strip()) for part in _between_commas(variable))


def _one(part: str) -> Ask | Literal | Nested | Unreadable:
    if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"":
        return Literal(part[1:-1])
    if part.startswith("${") and _end(part, 0) == len(part) - 1:
        return Nested(part)
    if _VARIABLE.match(part) and (found := _SOURCE.match(part)) is not None:
        return Ask(found[1], found[2], found[3])
    try:
        value = json.loads(part)
    except (ValueError, RecursionError):
        return Unreadable(part)
    return Literal(value) if value is None or isinstance(value, (str, int, float)) else Unreadable(part)


def _between_commas(variable: str) -> Iterator[str]:
    """The parts between commas that are in no parentheses, no quotes and no variable of their own."""
    depth, quote, begin = 0, "", 0
    for at, character in enumerate(variable):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and not variable[begin:at].strip():
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "," and depth == 0:
            yield variable[begin:at]
            begin = at + 1
    yield variable[begin:]
