"""Foreign texts in Markdown: whatever they say stands there as text, and has a bounded length.

Each is a code span or a line of a code block: hosts neither notify people nor make links, pictures or HTML there. A
backtick would end a span, a ``|`` a cell and a ``<`` may begin HTML where a host reads Markdown in its own way, so
these are written as escapes, like what cannot be printed and what turns the direction of a line. So are letters that
nobody sees, and marks that pile up on one letter: they would cover the lines above and below, which may be ours.

Source: https://spec.commonmark.org/0.31.2/#code-spans and https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

import re
import unicodedata

from multi_env_lambda.masking import masked

__all__ = ["block", "code", "size", "spelled"]

_NOT_AS_IT_IS = frozenset("`|<")
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_MOST_MARKS = 2
"""On one letter, as in Vietnamese."""
_CUT = "…"


def size(text: str) -> int:
    """How long a host may find it: some count what is outside of the basic plane twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def spelled(text: str, most: int) -> str:
    """On one line, with nothing in it that acts, and no longer than ``most``."""
    found: list[str] = []
    left, marks = most - len(_CUT), 0
    shown = masked(text)
    if shown.isascii() and shown.isprintable() and len(shown) <= left and _NOT_AS_IT_IS.isdisjoint(shown):
        return shown
    for sign in shown:
        marks = marks + 1 if sign > "\u02ff" and unicodedata.category(sign) in ("Me", "Mn") else 0
        acts = sign in _NOT_AS_IT_IS or not sign.isprintable() or sign in _UNSEEN
        said = _escaped(sign) if acts or marks > _MOST_MARKS else sign
        left -= size(said)
        if left < 0:
            return f"{''.join(found)}{_CUT}"
        found.append(said)
    return "".join(found)


def code(text: str, most: int) -> str:
    """A code span that is no longer than ``most``, its backticks included; what is empty is a dash.

    >>> code("<b>@ada|`x`", 40)
    '`\\\\x3cb>@ada\\\\x7c\\\\x60x\\\\x60`'
    """
    said = spelled(re.sub(r"\s+", " ", text).strip(), most - 2)
    return f"`{said}`" if said else "–"


def block(lines: list[str], most: int) -> str:
    """A code block of as many of these lines as fit into ``most``; empty if none does."""
    fence, found = "```", ["```text"]
    left = most - len("```text\n\n```")
    for line in lines:
        said = spelled(line.rstrip(), 160)
        left -= size(said) + 1
        if left < 0:
            break
        found.append(said)
    return "\n".join([*found, fence]) if len(found) > 1 else ""


def _escaped(sign: str) -> str:
    number = ord(sign)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65_536 else f"\\U{number:08x}"
