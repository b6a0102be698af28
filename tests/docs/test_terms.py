"""The first use of a term on a page leads to the glossary, and each term that is linked is there."""

from __future__ import annotations

import re

import pytest

from tests.house import ROOT
from tests.pages import of_docs

TERMS = of_docs("terms")
GLOSSARY = (ROOT / "docs/source/03-Concepts/words.rst").read_text("utf-8")
DEFINED = set(re.findall(r"^   (\S.*)$", GLOSSARY, re.MULTILINE))


def test_the_first_use_of_a_term_is_a_link() -> None:
    found = {path.name: use for path in TERMS.pages() if (use := TERMS.first_use(path.read_text("utf-8")))}

    assert len(TERMS.pages()) > 40
    assert found == {}, "run `python docs/terms.py`"


def test_every_term_of_a_page_is_in_the_glossary() -> None:
    pages = (ROOT / "docs/source").rglob("*.rst")
    used = {term for page in pages for term in re.findall(r":term:`(?:[^`<]*<)?([^`<>]+)>?`", page.read_text("utf-8"))}

    assert used - DEFINED == set()
    assert set(TERMS.TERMS) - DEFINED == set()


@pytest.mark.parametrize(
    ("page", "linked"),
    [
        ("A wheel, and a wheel.\n", "A :term:`wheel`, and a wheel.\n"),
        ("Two wheels.\n", "Two :term:`wheels <wheel>`.\n"),
        ("A pure wheel.\n", "A :term:`pure wheel`.\n"),
        ("A wheel\n=======\n\n``wheel``, *wheel* and :ref:`wheel`.\n", None),
        ("It releases the ``lease``.\n", None),
    ],
)
def test_a_term_is_linked_once_and_only_in_prose(page: str, linked: str | None) -> None:
    assert TERMS.linked(page) == (linked or page)
