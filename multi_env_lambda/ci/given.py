"""A JSON value that anybody may have written: each look into it gives something of the asked type, and never raises."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Given"]

_LONGEST_TEXT = 4096
_HIGHEST_NUMBER = 10**15


@attrs.frozen
class Given:
    """Part of an event. What is missing, or of another type, is empty."""

    value: object

    def at(self, *path: str) -> Given:
        """The value below these keys."""
        found = self.value
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return Given(found)

    def text(self, *path: str) -> str:
        """A text that can be written anywhere; empty where it is another type, too long, or half of a character."""
        found = self.at(*path).value
        if not isinstance(found, str) or len(found) > _LONGEST_TEXT:
            return ""
        return "" if any("\ud800" <= sign <= "\udfff" for sign in found) else found

    def number(self, *path: str) -> int:
        """A whole number from 1 on, which some hosts write as text; 0 if there is none."""
        found = self.at(*path).value
        if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 16:
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int):
            return 0
        return found if 0 < found < _HIGHEST_NUMBER else 0

    def flag(self, *path: str) -> bool:
        """True, or the word for it: CodeCommit writes "True"."""
        found = self.at(*path).value
        return found is True or (isinstance(found, str) and found.lower() == "true")

    def same(self, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        """Whether below both paths there is the same text or number, and not nothing."""
        text, number = self.text(*one), self.number(*one)
        return (text != "" and text == self.text(*other)) or (number != 0 and number == self.number(*other))

    def items(self, *path: str) -> tuple[Given, ...]:
        """The entries of a list."""
        found = self.at(*path).value
        return tuple(map(Given, found)) if isinstance(found, list | tuple) else ()
