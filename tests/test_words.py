"""What people read in messages, docstrings and comments: not the words that a native reader stumbles over."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

import pytest

from tests.house import ROOT, module_paths, nodes
from tests.pages import PAGES, prose_of

BETTER = {
    r"belongs? into": "belongs in",
    r"stands? beside": "cannot be combined with, or is next to",
    r"by now": "now, or already",
    r"for ever": "indefinitely, or permanently",
    r"(is|are) told": "gets, is passed, or is reported",
    r"wished": "wanted, or requested",
    r"whoever": "anyone who, or the caller",
    r"in a circle": "circular dependency",
    r"allowed (is|are)": "expected",
    r"which are the most that are (read|looked at)": "the limit of",
    r"anew": "again, or recreated, rewritten, restarted",
    r"(times|deleted|changed) meanwhile": "in the meantime",
    r"nothing of it runs": "it does not run",
    r"lies (there|here)": "is stored there",
    r"(what|which) is no [a-z]+": "something that is not a, which is not a",
    r"mend (it|them)": "correct it, or fix it",
    r"gives? back": "returns",
    r"taken (away|back)": "removed, rolled back, or undone",
    r"puts? right": "repair, or fix",
    r"once more": "again",
    r"where (there is none|nobody|nothing|somebody)": "if there is none, if nothing ...",
    r"nobody (can say|knows|could look)": "it is unknown",
    r"(is|are) no [a-z]+ (any )?more": "is no longer",
}
"""A pattern of the dialect -> what to write instead."""

ANY = re.compile(rf"\b({'|'.join(BETTER)})\b", re.IGNORECASE)
"""Most texts have none of them, and one look is enough to say so."""


def words_of(text: str, found: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, text) of every literal, docstring and comment of a module; texts that Python joins are one."""
    inside = set()
    for node in found:
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value
    if not any(ANY.search(" ".join(line.partition("#")[2].split())) for line in text.splitlines()):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def stumbled_over(text: str, found: Iterable[ast.AST]) -> list[tuple[int, str, str]]:
    """(line, what is written, what to write instead)."""
    return sorted(
        (line, match[0], better)
        for line, each in words_of(text, found)
        if ANY.search(words := " ".join(each.split()))
        for pattern, better in BETTER.items()
        if (match := re.search(rf"\b{pattern}\b", words, re.IGNORECASE))
    )


def test_messages_docstrings_and_comments_have_no_word_of_the_dialect() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: `{words}`; better: {better}"
        for path in module_paths()
        for line, words, better in stumbled_over(path.read_text(encoding="utf-8"), nodes(path))
    ]

    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '"""It belongs\n    into a layer."""',
        'what = f"found {x}, allowed " f"is {y}"',
        "x = 1  # as it is by now",
        'x = ("the units need each other "\n     "in a circle")',
    ],
)
def test_a_word_is_found_wherever_a_person_reads_it(text: str) -> None:
    assert [line for line, _, _ in stumbled_over(text, ast.walk(ast.parse(text)))] == [1]


def test_a_name_and_a_part_of_a_word_are_no_words_of_a_text() -> None:
    text = "by_now = for_ever = 'unwished, standby nowhere'"
    assert stumbled_over(text, ast.walk(ast.parse(text))) == []


def test_the_pages_have_no_word_of_the_dialect() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: `{match[0]}`; better: {better}"
        for path in PAGES
        for line, text in prose_of(path.read_text(encoding="utf-8"))
        if ANY.search(text)
        for pattern, better in BETTER.items()
        if (match := re.search(rf"\b{pattern}\b", text, re.IGNORECASE))
    ]

    assert len(PAGES) > 40
    assert found == [], "\n".join(found)


def test_what_is_shown_literally_is_no_prose() -> None:
    page = "Run it::\n\n    $ whoever\n\nThen whoever.\n"

    assert [line for _, line in prose_of(page) if "whoever" in line] == ["Then whoever."]
