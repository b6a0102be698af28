"""What the tests about the English of the pages share: prose, without what is shown literally, and its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tests.house import ROOT

PAGES = [
    ROOT / "README.rst",
    ROOT / "CONTRIBUTING.rst",
    *sorted(path for path in (ROOT / "docs/source").rglob("*.rst") if path.name != "release-history.rst"),
]
"""The release history speaks of messages and code in the words that they had."""

DECISIONS = sorted((ROOT / "docs/adr").glob("*.rst"))

Line = tuple[int, str]

_SHOWN = {"code-block", "literalinclude", "include", "toctree", "autoclass", "autofunction", "automodule"}
_PROSE = (".. note::", ".. tip::", ".. warning::", ".. danger::", ".. important::", ".. admonition::")
_RULE = re.compile(r"=+( +=+)+")
_UNDERLINE = re.compile(r"([=\-~^\"])\1{2,}")
_MARKER = re.compile(r"^([-*]|\d+\.|#\.) +")
_LITERAL = re.compile(r":[\w:]+:`[^`]*`|``.*?``|`[^`]*`_+")
_LEAD = re.compile(r"^\*\*[^*]+\*\*[.:]? *")
_END = re.compile(r"(?<=[.?!])[)*\"”]*\s+(?=[A-Z0-9`*(\"“])")


def prose_of(page: str) -> Iterator[Line]:
    """(number, line) of a page, without what is shown literally: commands, their output, and code."""
    inside: int | None = None
    for number, line in enumerate(page.splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        if inside is not None and (not line.strip() or indent > inside):
            continue
        inside = indent if _shown(line.strip()) else None
        yield number, line


def _shown(line: str) -> bool:
    """Whether the lines that are indented below this one are literal; those of a note or a list-table are prose."""
    directive = re.match(r"\.\. ([\w-]+)::", line)
    return directive[1] in _SHOWN if directive else line.endswith("::")


def paragraphs_of(page: str) -> Iterator[list[Line]]:
    """The paragraphs and items of lists of a page; no headings, tables and directives."""
    lines = list(prose_of(page))
    tables = list(_tables_of(page.splitlines()))
    headings = {above for (above, _), (_, line) in pairwise(lines) if _UNDERLINE.fullmatch(line.strip())}
    directive: int | None = None
    found: list[Line] = []
    for number, line in lines:
        words, indent = line.strip(), len(line) - len(line.lstrip())
        if directive is not None and words and indent <= directive:
            directive = None
        if words.startswith(".. ") and not words.startswith(_PROSE):
            directive = indent
        apart = not words or directive is not None or words.startswith(_PROSE) or number in headings or _UNDERLINE.fullmatch(words) is not None
        apart = apart or any(first <= number <= last for first, last in tables)
        if found and (apart or _MARKER.match(words) or number != found[-1][0] + 1):
            yield found
            found = []
        if not apart:
            found.append((number, words))
    if found:
        yield found


def _tables_of(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The first and the last line of each simple table."""
    first = 0
    for number, line in enumerate(lines, 1):
        if _RULE.fullmatch(line.strip()):
            first = first or number
            if number == len(lines) or not lines[number].strip():
                yield first, number
                first = 0


def plain(words: str) -> str:
    """Without the marker of a list, and with one word for what is literal or a link."""
    return _LITERAL.sub("X", _MARKER.sub("", words))


def sentences_of(words: str) -> list[str]:
    """A bold word that leads in is no sentence."""
    return _END.split(_LEAD.sub("", plain(words)))
