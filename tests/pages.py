"""What the tests about the English of the pages share: prose, without what is shown literally, and its sentences."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.house import ROOT

_OF_KEYS = ("unit-*.rst", "workspace-*.rst")
PAGES = [
    ROOT / "README.rst",
    ROOT / "CONTRIBUTING.rst",
    ROOT / "release-history.rst",
    *sorted(
        path
        for path in (ROOT / "docs/source").rglob("*.rst")
        if path.name != "release-history.rst" and not any(path.match(f"04-Reference/{form}") for form in _OF_KEYS)
    ),
]
"""What the keys mean is read where it is declared."""

DECISIONS = sorted((ROOT / "docs/adr").glob("*.rst"))

Line = tuple[int, str]

_SHOWN = {
    "code-block",
    "parsed-literal",
    "raw",
    "math",
    "literalinclude",
    "include",
    "toctree",
    "autoclass",
    "autofunction",
    "automodule",
}
_BOX = re.compile(r"^\.\. (note|tip|hint|important|attention|caution|warning|danger|error|seealso):: +")
_RULE = re.compile(r"=+( +=+)+")
_UNDERLINE = re.compile(r"([=\-~^\"])\1{2,}")
_MARKER = re.compile(r"^(([-*]|\d+\.|#\.) +)+")
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
    """Whether the lines that are indented below this one are literal; those of a box or a list-table are prose."""
    directive = re.match(r"\.\. ([\w-]+)::", line)
    return directive[1] in _SHOWN if directive else line.endswith("::")


def paragraphs_of(page: str) -> Iterator[list[Line]]:
    """The paragraphs of a page, also those in a box, an item of a list or a cell of a list-table."""
    lines = list(prose_of(page))
    tables = list(_tables_of(page.splitlines()))
    headings = {above for (above, _), (_, line) in pairwise(lines) if _UNDERLINE.fullmatch(line.strip())}
    headings |= {above for (above, line), (below, more) in pairwise(lines) if _is_term(line, more, below - above)}
    options: int | None = None
    found: list[Line] = []
    for number, line in lines:
        words, indent = _BOX.sub("", line.strip()), len(line) - len(line.lstrip())
        if words.startswith(".. "):
            options = indent
        elif not words or (options is not None and indent <= options):
            options = None
        in_table = any(first <= number <= last for first, last in tables)
        apart = (
            not words
            or options is not None
            or in_table
            or number in headings
            or _UNDERLINE.fullmatch(words) is not None
        )
        if found and (apart or _MARKER.match(words) or number != found[-1][0] + 1):
            yield found
            found = []
        if not apart:
            found.append((number, words))
    if found:
        yield found


def _is_term(line: str, below: str, distance: int) -> bool:
    """Whether this is a term of a glossary or of a list of definitions: what it means is indented below it."""
    deeper = len(below) - len(below.lstrip()) > len(line) - len(line.lstrip())
    words = line.strip()
    return deeper and distance == 1 and bool(words) and not _MARKER.match(words) and not words.startswith((".. ", ":"))


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


def of_docs(name: str) -> Any:
    """A program of the folder ``docs`` as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / f"docs/{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
