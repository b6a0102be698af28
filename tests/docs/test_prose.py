"""The English of the pages: what a native technical writer would not write, long sentences, and lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.declared import every_key
from tests.house import ROOT
from tests.pages import DECISIONS, PAGES, paragraphs_of, plain, prose_of, sentences_of
from tests.test_words import BETTER

LONGEST = 40

BETTER_ON_PAGES = {
    **BETTER,
    r"shall": "must, should, or the present tense",
    r"deployed apart": "deployed separately",
    r"may be thrown away": "disposable, or throwaway",
    r"(is|are|was|were|be) looked (at|for)": "is checked, is read, or is searched for",
    r"shut in": "runs in a sandbox",
    r"stands? (in|above|below|there)": "is in, or contains",
    r"speaks? of": "describes, or refers to",
    r"world has moved": "the state has changed",
    r"beside": "in addition to, next to, or alongside",
    r"any more(?=[.,;:]| and|$)": "any longer, or no longer",
    r"of (its|their) own(?=[.,;:)]|$)": "its own ..., or separate ...",
    r"(deployed|goes|walks|starts|started|opens) (\w+ )?by itself": "automatically",
    r"as ever": "as usual, or as before",
    r"(a|human|'s) yes": "approval, or agreement",
    r"what is there": "what exists, or existing ...",
    r"(is|are) to be (seen|found)": "you see, or is in",
    r"(is|are) no door": "say what is refused",
    r"fits? to": "fits, or is compatible with",
    r"ha(s|ve) the last word": "decides",
    r"sets? the pace": "limits the rate",
    r"hears? of": "gets",
    r"is the word of": "comes from, or is controlled by",
    r"and on,? until": "one after the other, until",
    r"says? of it": "is reported about it",
    r"by hand": "manually",
    r"go(es|ing)? on": "continues",
    r"walks?": "is deployed from one environment to the next",
    r"lies? (in|at|below|beside)": "is in",
    r"(is|are) held (to|against)": "must follow, or is compared with",
    r"wish(es)?": "request",
    r"nothing of": "nothing in, or nothing from",
    r"(decides|opens) nothing": "is ignored, or does not count",
    r"at hand": "available",
}
"""A pattern of the dialect that code may have as a name or an idiom -> what to write on a page instead."""

ANY = re.compile(rf"(?<![\w-])({'|'.join(BETTER_ON_PAGES)})(?![\w-])", re.IGNORECASE)
"""Most lines have none of them, and one look is enough to say so."""


def stumbled_over(page: str) -> Iterator[tuple[int, str]]:
    for number, line in prose_of(page):
        if not ANY.search(words := plain(line)):
            continue
        for pattern, better in BETTER_ON_PAGES.items():
            if found := re.search(rf"(?<![\w-]){pattern}(?![\w-])", words, re.IGNORECASE):
                yield number, f"`{found[0]}`; better: {better}"


def too_long(page: str) -> Iterator[tuple[int, str]]:
    for lines in paragraphs_of(page):
        for sentence in sentences_of(" ".join(words for _, words in lines)):
            if (count := len(sentence.split())) > LONGEST:
                yield lines[0][0], f"a sentence of {count} words: {sentence[:60]}…"


def badly_broken(page: str) -> Iterator[tuple[int, str]]:
    """A line ends where a sentence ends, or one of its clauses, so that a changed word changes one short line."""
    for lines in paragraphs_of(page):
        for number, words in lines:
            if len(sentences_of(words)) > 1:
                yield number, "two sentences in one line"
        for number, words in lines[:-1]:
            if not re.search(r"[.?!:;,)][)*\"”]*$", plain(words)):
                yield number, "a line that ends within a clause"


def begins_with_a_question_word(page: str) -> Iterator[tuple[int, str]]:
    for lines in paragraphs_of(page):
        for sentence in sentences_of(" ".join(words for _, words in lines)):
            if re.match(r"(What|Who|Whoever) ", sentence) and not sentence.endswith(("?", ":")):
                yield lines[0][0], f"name the subject instead of `{sentence[:40]}…`"


def shown_as_text(page: str) -> Iterator[tuple[int, str]]:
    """A directive needs an empty line above it; right below a line of text it belongs to that text, and is no box."""
    for (above, line), (below, more) in pairwise(prose_of(page)):
        begins = re.match(r" *\.\. [\w-]+::", more) and below == above + 1
        if begins and line.strip() and not re.match(r"\.\. |:|([=\-~^\"])\1{2,}$", line.strip()):
            yield below, "a directive without an empty line above it is shown as text"


RULES = [stumbled_over, too_long, badly_broken, begins_with_a_question_word, shown_as_text]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_reads_as_a_native_writer_would_write_it(path: Path) -> None:
    page = path.read_text(encoding="utf-8")

    found = [f"{path.relative_to(ROOT)}:{number}: {what}" for rule in RULES for number, what in rule(page)]
    assert found == [], "\n".join(found)


def test_what_the_keys_mean_reads_so_too() -> None:
    texts = {text for one in every_key() for text in (f"{one.key.meaning}\n", f"{one.keys.about}\n")}

    assert len(texts) > 150
    assert [what for text in texts for rule in (stumbled_over, too_long) for _, what in rule(text)] == []


def test_a_title_of_a_decision_has_no_word_of_the_dialect() -> None:
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in DECISIONS}

    assert len(titles) > 40
    assert {name: what for name, title in titles.items() for _, what in stumbled_over(title)} == {}


LONG = "word " * 41


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("Fine.\nTwo units are deployed apart.\n", 2),
        ("====  ====\nKey   Text\n====  ====\nkey   it shall work\n====  ====\n", 4),
        (f"Fine.\n\n- {LONG}.\n", 3),
        ("One sentence. Another one.\n", 1),
        ("- **Lead.** One sentence. Another one.\n", 1),
        ("A line that ends\nwithin a clause.\n", 1),
        ("What it prints goes to stderr.\n", 1),
        (".. danger::\n\n   It shall not work.\n", 3),
        (f".. note:: {LONG}.\n", 1),
        (".. warning::\n   :class: red\n\n   One sentence. Another one.\n", 4),
        (f".. list-table::\n   :widths: 1 1\n\n   * - Key\n     - Text\n   * - key\n     - {LONG}\n", 7),
        (".. list-table::\n\n   * - It shall work.\n     - Text\n", 3),
        ("Run it::\n\n    $ ls\n\nOne sentence. Another one.\n", 5),
        ("It is refused.\n.. danger::\n\n   It is gone.\n", 2),
    ],
)
def test_a_bad_line_is_found(page: str, line: int) -> None:
    assert [number for rule in RULES for number, _ in rule(page)] == [line]


@pytest.mark.parametrize(
    "page",
    [
        f"What it is\n==========\n\nRun it::\n\n    $ it shall run. Really. {LONG}\n",
        "What does it do?\n",
        "- **Lead.** One sentence, with a clause,\n  and its end.\n",
        "The option ``any more. As ever`` is literal.\n",
        f".. figure:: it\n   :alt: One. Two. {LONG}\n",
        "====  ====\nKey   Text. More.\n====  ====\nkey   one. Two\n====  ====\n",
    ],
)
def test_a_good_or_literal_line_is_left_alone(page: str) -> None:
    assert [found for rule in RULES for found in rule(page)] == []
