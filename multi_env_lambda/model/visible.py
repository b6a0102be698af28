"""Characters that act on a terminal or a page instead of being displayed: made visible as escapes.

Names, reasons, log lines and responses come from others. A terminal obeys control characters (a title, a cleared
screen), and a bidirectional mark makes a text appear in a different order.

Sources: https://www.unicode.org/reports/tr36/ (invisible and bidirectional), https://trojansource.codes
"""

from __future__ import annotations

import re

__all__ = ["one_line", "visible"]

# All of Unicode's Cc, Cf, Zl, Zp and Cs except line feed and tab, the joiners without which some scripts cannot be
# written, and the visible signs of Arabic, Syriac and Egyptian. tests/show/test_visible.py compares.
# Then the marks and letters of other categories that are displayed as nothing: two names would look the same.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]"
)


def visible(text: str) -> str:
    r"""The text with what cannot be seen escaped as in Python; lines and tabs are kept.

    >>> visible("\x1b[2J")
    '\\x1b[2J'
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""The same for a single line, so that its text cannot start another one.

    >>> one_line("ada\nhint: all is well")
    'ada\\nhint: all is well'
    """
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
