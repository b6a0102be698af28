"""Characters that no answer of AWS can carry, so that nobody could read a stack any more that has one of them.

CloudFormation and IAM answer in XML, which has no control characters but tab and line ends, and no half of a surrogate
pair, not even as an escape. NUL ends a value of an environment variable, too.

Source: https://www.w3.org/TR/xml/#charsets
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["HINT_UNSENDABLE", "unsendable"]

HINT_UNSENDABLE = "remove the character; AWS could not send the text back. Code can make it from an escape"

_UNSENDABLE = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def unsendable(value: object, *, beside: str = "") -> tuple[tuple[str | int, ...], str] | None:
    """(path, the character as an escape) of the first text in a document that cannot be sent back; keys are texts.

    Args:
        beside: a key below which everything is left alone.

    >>> unsendable({"Environment": ["fine", "a\\x00b"]})
    (('Environment', 1), '\\\\x00')
    """
    for path, text in _texts(value):
        if text.isprintable():
            continue
        found = re.search(_UNSENDABLE, text)
        if found is not None and beside not in path:
            return path, ascii(found[0])[1:-1]
    return None


def _texts(value: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Not recursive: what ``stack.py`` makes may be deeper than Python goes."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        match item:
            case str():
                yield path, item
            case dict():
                yield from ((path, key) for key in item if isinstance(key, str))
                waiting += [((*path, key), inner) for key, inner in reversed(item.items())]
            case list() | tuple():
                waiting += [((*path, number), inner) for number, inner in reversed(tuple(enumerate(item)))]
            case _:
                pass
