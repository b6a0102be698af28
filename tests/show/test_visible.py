"""What others wrote does nothing to the terminal or the page on which it is shown."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import sys
import unicodedata
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from multi_env_lambda.api.tables import log_lines
from multi_env_lambda.aws.logs import LogLine
from multi_env_lambda.cli.output import note, out, print_json
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.plan import BlockedStep, Plan
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.model.visible import one_line, visible
from multi_env_lambda.show.board import board_html
from multi_env_lambda.show.doctor import doctor_table
from multi_env_lambda.show.history import history_table
from multi_env_lambda.show.html import status_html
from multi_env_lambda.show.render import html_of, text_of
from multi_env_lambda.show.terminal import Shown, edge
from multi_env_lambda.show.text import plan_text, results_table, status_table
from tests.cli.test_output import entry
from tests.house import module_paths
from tests.show.boards import team

EVIL = "\x1b]0;PWNED\x07\x1b[2J\u202eprod\u2066\x9b31m\r\u2028"
SEEN = r"\x1b]0;PWNED\x07\x1b[2J\u202eprod\u2066\x9b31m\r\u2028"

NEEDED_BY_SCRIPTS = "\u200c\u200d"
LINES = "\n\t"
SIGNS = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "END OF AYAH", "NUMBER MARK")
"""What stands in Unicode's category of what is not seen, and is: marks above or below a number."""


def unseen(character: str) -> bool:
    sign = unicodedata.name(character, "").startswith(SIGNS) and character != "\N{ARABIC LETTER MARK}"
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") and not sign


def test_everything_that_unicode_does_not_show_is_made_visible() -> None:
    hidden = {chr(number) for number in range(sys.maxunicode + 1) if unseen(chr(number))}

    assert {character for character in hidden if visible(character) == character} == {*LINES, *NEEDED_BY_SCRIPTS}


@pytest.mark.parametrize("filler", ["\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"], ids=ascii)
def test_a_letter_that_is_displayed_as_nothing_is_made_visible(filler: str) -> None:
    assert visible(f"prod{filler}") == f"prod{ascii(filler)[1:-1]}"


def test_what_can_be_seen_stays() -> None:
    text = "Größe → 3 × 4 ✓ 你好 שלום می‌خواهم 👩‍🔬"

    assert visible(text) == text


@given(st.text())
def test_it_is_the_same_the_second_time_and_has_nothing_to_obey(text: str) -> None:
    once = visible(text)

    assert visible(once) == once
    assert not {character for character in once if unseen(character)} - {*LINES, *NEEDED_BY_SCRIPTS}
    assert "\n" not in one_line(text)


def test_a_sentence_a_result_and_a_table_are_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.add_column(EVIL)
    table.add_row(Text(EVIL))

    note(EVIL)
    out(EVIL)
    out(table)

    said = capsys.readouterr()
    assert said.err == f"{SEEN}\n"
    assert said.out.startswith(f"{SEEN}\n")
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out


def test_the_colours_of_our_own_stay() -> None:
    screen = io.StringIO()
    Console(file=screen, force_terminal=True, color_system="standard", width=80).print(Shown(Text("a\x1b", "red")))

    assert screen.getvalue() == "\x1b[31ma\\x1b\x1b[0m\n"


RINGS = 'found "rate(1 \x07minute)\x08\x0b\x0c\r"'
RUNG = r'found "rate(1 \x07minute)\x08\x0b\x0c\r"'
"""What rich takes out of a text by itself, so that a person would read another one than there is."""


def blocked(what: str) -> Plan:
    step = BlockedStep(project="a", environment="prod", kind="ConfigurationError", what=what, hint=what)
    return Plan(environments=("prod",), asked=(), commit="", committed="", dirty=False, steps=(step,))


def test_nothing_is_taken_out_of_a_text_on_its_way_to_a_table() -> None:
    ends = Result(project="a", environment="prod", outcome="failed", version=RINGS, label=RINGS)
    finding = Finding(place=RINGS, check=RINGS, state="problem", what=RINGS, hint=RINGS)
    line = LogLine(when="now", text=RINGS)
    shown = {
        "plan": text_of(plan_text(blocked(RINGS))).count(RUNG) - 1,
        "results": text_of(results_table([ends])).count(RUNG),
        "doctor": text_of(doctor_table([finding])).count(RUNG) - 3,
        "log": text_of(log_lines((line,))).count(RUNG),
        "history": text_of(history_table({"e\x07": [entry(reason="r\r")], "f": []})).count(r"e\x07"),
        "reason": text_of(history_table({"e": [entry(reason="r\r")]})).count(r"r\r"),
    }

    assert shown == dict.fromkeys(shown, 1)


@pytest.mark.parametrize("width", range(20, 60))
def test_a_line_that_is_broken_loses_no_word_to_an_escape(width: int) -> None:
    screen, what = io.StringIO(), "found \x1b[2J\x9b2J of nine words; expected the ARN of it"
    Console(file=screen, width=width).print(Shown(plan_text(blocked(what))))

    assert r"found \x1b[2J\x9b2J of nine words; expected the ARN of it" in " ".join(screen.getvalue().split())


def test_only_words_of_ours_reach_rich() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in module_paths()}

    found = {path.name for path, text in sources.items() if "from rich.text import" in text}

    assert found == {"words.py", "output.py"}


def test_nobody_begins_a_line_of_a_table_with_a_reason_or_a_name() -> None:
    past = entry(who="arn:aws:iam::111111111111:user/ada\nprod done", reason="fine\nprod  9  deploy")

    assert len(text_of(history_table({"prod": [past]})).splitlines()) == 2


def test_json_is_ascii_and_says_the_very_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"who": EVIL})

    text = capsys.readouterr().out
    assert text.isascii()
    assert eval(text) == {"who": EVIL}


def test_what_is_logged_and_a_traceback_are_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    with edge():
        try:
            raise ValueError(EVIL)
        except ValueError:
            logging.getLogger("somebody").exception("%s", EVIL)

    said = capsys.readouterr().err
    assert SEEN in said
    assert f"ValueError: {SEEN}" in said
    assert "\x1b" not in said


def test_logging_is_as_it_was_after_a_command() -> None:
    before = list(logging.getLogger().handlers)

    with edge():
        pass

    assert logging.getLogger().handlers == before


def evil_status() -> Status:
    cell = Cell(project="a", environment="prod", version=EVIL, when="2026-01-01T00:00:00Z", who=EVIL, unreadable=EVIL)
    return Status(environments=("prod",), units=("a",), removed=(), cells=(cell,))


def in_the_page(page: str) -> str:
    """What the program of the board reads and shows."""
    (data,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return "\n".join(texts_of(json.loads(data)))


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in texts_of(item)]


def test_the_pages_and_the_library_show_it_as_well() -> None:
    board = team(2)
    past = {place: tuple(attrs.evolve(item, reason=EVIL) for item in items) for place, items in board.histories.items()}
    pages = [
        status_html(evil_status()),
        evil_status().text(),
        html_of(status_table(evil_status())),
        in_the_page(board_html(board.config, board.projects, board.status, past, board.now)),
    ]

    for page in pages:
        assert "PWNED" in page
        assert not {character for character in html.unescape(page) if unseen(character)} - {"\n"}
        assert r"\u202e" in page


# --- streams that cannot say everything ---
ALL_OF_OURS = "✓ ✗ → ← ↩ ⇢ ≠ – − … ·"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "shift_jis"])
def test_a_stream_that_is_not_utf_8_is_no_reason_to_fail(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(body, encoding=encoding))

    with edge():
        out(status_table(evil_status()))
        out(f"{ALL_OF_OURS} 你")

    said = body.getvalue().decode(encoding)
    assert "PWNED" in said
    if encoding == "ascii":
        assert said.splitlines()[-1] == r"ok x -> <- <- -> != - - ... . \u4f60"


@given(st.text(), st.sampled_from(["ascii", "latin-1", "utf-8", "utf-16", "koi8-r"]))
def test_no_text_is_too_much_for_a_stream(text: str, encoding: str) -> None:
    before, body = sys.stdout, io.BytesIO()
    sys.stdout = stream = io.TextIOWrapper(body, encoding=encoding)
    try:
        with edge():
            out(text)
            out(Text(text))
    finally:
        sys.stdout = before
    assert body.getvalue().decode(stream.encoding)
