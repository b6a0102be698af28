"""How-to pages have one form: what they are for, steps, a box for each danger, and links to what comes next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.pages import sentences_of

FOLDER = ROOT / "docs/source/02-How-To"
OF_ANOTHER_FORM = {
    "index": "lists the others",
    "questions": "questions with their answers",
    "stack-examples": "examples to copy, which another page introduces",
}
"""Page -> why it has no steps."""

PAGES = sorted(path for path in FOLDER.glob("*.rst") if path.stem not in OF_ANOTHER_FORM)
LOSES_SOMETHING = re.compile(
    r"destroy\.py \w|prune\.py --apply|aws s3 rm|delete-object|--agree (replace|take-over):|bootstrap\.py .*--remove"
)
_MORE = r"(?: [^\n]*\n|\n)*"
OUT_OF_ITS_STEP = re.compile(rf"^\d+\. [^\n]*\n{_MORE}\.\. code-block::[^\n]*\n{_MORE}(?!1\.)\d+\. ", re.MULTILINE)
LONGEST_BOX = 4


def problems_of(page: str) -> list[str]:
    body = page.split("\n===", 1)[1].partition("\n\n")[2]
    first = body.lstrip("\n").partition("\n")[0]
    found = []
    if re.match(r"\d\.|[-*] |\.\. |::$", first) or re.match(r"[^\n]+\n-{3,}", body.lstrip("\n")):
        found.append("it does not begin with what it is for")
    if first.startswith("You "):
        found.append("it begins with a statement about you")
    if re.search(r"^\d+\. .*as shown below", page, re.MULTILINE):
        found.append("a step contains nothing to do")
    if OUT_OF_ITS_STEP.search(page):
        found.append("a code block is outside of its step, and divides the list")
    if not re.search(r"^1\. .*^2\. ", page, re.MULTILINE | re.DOTALL):
        found.append("it has no numbered steps")
    if len(re.findall(r":(?:doc|ref):`", page.rpartition("\n.. seealso::\n")[2])) < 2 or ".. seealso::" not in page:
        found.append("it does not end with two links to what comes next")
    if any(LOSES_SOMETHING.search(line) for line in page.splitlines() if line.lstrip().startswith("$ ")):
        found += [] if ".. danger::" in page else ["a command loses something, and no box says so"]
    for box in re.findall(r"^ *\.\. danger::\n\n((?: +\S.*\n)+)", page, re.MULTILINE):
        if len(sentences_of(" ".join(box.split()))) > LONGEST_BOX:
            found.append("a box has more than one danger")
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_how_to_says_what_you_get_then_each_step_and_where_to_go_on(path: Path) -> None:
    assert problems_of(path.read_text("utf-8")) == []


def test_pages_of_another_form_are_there() -> None:
    assert [name for name in OF_ANOTHER_FORM if not (FOLDER / f"{name}.rst").is_file()] == []


GOOD = """
Do it
=====

This page shows it.

1. Begin.
2. End::

    $ python bin/automation/destroy.py billing perf

.. danger::

   It is gone.

.. seealso::

   - :doc:`one`
   - :doc:`two`
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("This page shows it.\n\n", "", "it does not begin with what it is for"),
        ("This page shows it.\n\n", "First\n-----\n", "it does not begin with what it is for"),
        ("This page shows", "You get", "it begins with a statement about you"),
        ("1. Begin.", "1. Begin, as shown below.", "a step contains nothing to do"),
        (
            "1. Begin.\n",
            "1. Begin:\n\n.. code-block:: toml\n\n    a = 1\n\n",
            "a code block is outside of its step, and divides the list",
        ),
        ("2. End", "Then end", "it has no numbered steps"),
        ("   - :doc:`two`\n", "", "it does not end with two links to what comes next"),
        (".. danger::\n\n   It is gone.\n", "", "a command loses something, and no box says so"),
        ("It is gone.", "One. Two. Three. Four. Five.", "a box has more than one danger"),
    ],
)
def test_a_page_without_the_form_is_found(old: str, new: str, problem: str) -> None:
    assert problems_of(GOOD) == []
    assert problems_of(GOOD.replace(old, new)) == [problem]
