"""Characters that do something to a terminal or a page instead of being seen there: made visible as escapes.

Names, reasons, log lines and answers come from others. A terminal obeys control characters (a title, a cleared screen),
and a bidirectional mark lets a text be read in another order than it has.

Sources: https://www.unicode.org/reports/tr36/ (invisible and bidirectional), https://trojansource.codes
"""

from __future__ import annotations

import re

__all__ = ["one_line", "visible"]

# All of Unicode's Cc, Cf, Zl, Zp and Cs but for line feed and tab, the joiners without which some scripts cannot be
# written, and the signs of Arabic, Syriac and Egyptian that are seen. tests/show/test_visible.py compares.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text with what cannot be seen as Python writes it; lines and tabs stay.

    >>> visible("\x1b[2J")
    '\\x1b[2J'
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""The same for what has no lines of its own, so that nobody else begins one.

    >>> one_line("ada\nhint: all is well")
    'ada\\nhint: all is well'
    """
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
