"""Text for tables and lists, with what cannot be seen made visible before it is laid out.

Rich drops some control characters (bell, backspace, carriage return) without a word, and counts others as no wide as
they are: made visible afterwards, a line would be longer than its place, and lose its end.
"""

from __future__ import annotations

from typing import Any

from rich.text import Text as RichText

from multi_env_lambda.model.visible import visible

__all__ = ["Line", "Text"]

Line = RichText
"""A part of a text, as rich divides it."""


class Text(RichText):
    """Rich's text; ``Shown`` is only there for what rich makes of plain strings."""

    def __init__(self, text: str = "", style: Any = "", **how: Any) -> None:
        super().__init__(visible(text), style, **how)

    def append(self, text: RichText | str, style: Any = None) -> RichText:
        return super().append(visible(text) if isinstance(text, str) else text, style)
