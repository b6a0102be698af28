"""Link each term of the glossary where a page uses it first. ``python docs/terms.py``

Only terms that mean one thing everywhere: ``run``, ``plan`` or ``source`` are also ordinary words. What is literal, a
title, a table, a link or emphasized is left as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.pages import paragraphs_of  # noqa: E402

TERMS = (
    "bounds",
    "change set",
    "consent",
    "digest",
    "dispatcher",
    "drift",
    "fencing number",
    "lease",
    "local cloud",
    "manifest",
    "permissions boundary",
    "pure wheel",
    "release",
    "sdist",
    "unit",
    "wheel",
    "witness",
    "work tree",
)
_TAKEN = re.compile(r":[\w:]+:`[^`]*`|``.*?``|`[^`]*`_*|\*\*[^*]+\*\*|\*[^*]+\*|\(https?://\S+\)")


def pages() -> list[Path]:
    """Those for users: how-to pages and concepts. What README links to is read at a Git host, which knows no roles."""
    readme = (ROOT / "README.rst").read_text(encoding="utf-8")
    found = [path for folder in ("02-How-To", "03-Concepts") for path in (ROOT / "docs/source" / folder).glob("*.rst")]
    return sorted(
        path for path in found if path.name != "words.rst" and path.relative_to(ROOT).as_posix() not in readme
    )


def first_use(page: str) -> tuple[str, int, int, int] | None:
    """(term, line, begin, end) of the first use of a term that is not linked yet."""
    return next(_first_uses(page), None)


def _first_uses(page: str) -> Iterator[tuple[str, int, int, int]]:
    lines = page.splitlines()
    prose = [number for paragraph in paragraphs_of(page) for number, _ in paragraph]
    linked = set(re.findall(r":term:`(?:[^`<]*<)?([^`<>]+)>?`", page))
    for term in sorted(TERMS, key=len, reverse=True):
        plural = "" if term == "release" else "s?"  # `releases` is also a verb
        words = re.compile(rf"(?<![\w-]){term}{plural}(?![\w-]|\.\w)", re.IGNORECASE)
        for number in prose if term not in linked else ():
            free = _TAKEN.sub(lambda found: "\0" * len(found[0]), lines[number - 1])
            if found := words.search(free):
                yield term, number, found.start(), found.end()
                break


def linked(page: str) -> str:
    while use := first_use(page):
        term, number, begin, end = use
        lines = page.splitlines()
        line, words = lines[number - 1], lines[number - 1][begin:end]
        role = f":term:`{words}`" if words == term else f":term:`{words} <{term}>`"
        lines[number - 1] = line[:begin] + role + line[end:]
        page = "\n".join(lines) + "\n"
    return page


def main() -> None:
    for path in pages():
        before = path.read_text(encoding="utf-8")
        if (after := linked(before)) != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
