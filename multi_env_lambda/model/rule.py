"""What a text must look like."""

from __future__ import annotations

import re

import attrs

__all__ = ["Rule"]


@attrs.frozen(kw_only=True)
class Rule:
    """What a text must look like, as a pattern and in words."""

    pattern: str
    allowed: str
    hint: str
    maximum: int = 1024

    def accepts(self, text: str) -> bool:
        return len(text) <= self.maximum and re.fullmatch(self.pattern, text, re.ASCII) is not None
