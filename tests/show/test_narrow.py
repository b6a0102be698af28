"""A table says everything in a terminal of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.show.doctor import doctor_table
from multi_env_lambda.show.history import history_table
from multi_env_lambda.show.narrow import Hanging, Narrow
from multi_env_lambda.show.text import status_table
from multi_env_lambda.show.words import Text

NOW = "2026-01-02T00:00:00Z"
CELL = Cell(project="orders", environment="sandbox", version="0.1.0", release="a" * 64, when="2026-01-01T00:00:00Z")
PROD = Cell(project="orders", environment="prod", version="0.1.0", release="a" * 64, when=NOW, behind=True)
STATUS = Status(environments=("sandbox", "test", "prod"), units=("orders",), removed=(), cells=(CELL, PROD))


def shown(width: int) -> str:
    return printed(Narrow(status_table(STATUS, NOW)), width)


def printed(renderable: RenderableType, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("width", [10, 12, 20])
def test_nothing_is_cut_off_where_a_table_has_no_room(width: int) -> None:
    assert shown(width).split() == [
        *("orders", "sandbox:", "0.1.0", "1d", "test:", "–", "prod:", "0.1.0", "0s", "←", "behind")
    ]


def test_where_nothing_ever_ran_nothing_is_behind() -> None:
    never = Cell(project="orders", environment="prod", behind=True)
    table = status_table(Status(environments=("prod",), units=("orders",), removed=(), cells=(never,)), NOW)

    assert printed(table, 80).split() == ["unit", "prod", "orders", "–"]


def test_a_table_with_room_is_a_table() -> None:
    assert shown(80).splitlines()[0].split() == ["unit", "sandbox", "test", "prod"]


FINDINGS = (
    Finding(
        place="machine", check="python", state="ok", what="3.11.7 at /home/ada/projects/acme/shop/.venv/bin/python"
    ),
    Finding(place="machine", check="bubblewrap", state="note", what="none", hint="install it from your packages"),
)


@pytest.mark.parametrize("width", [20, 60])
def test_a_table_without_titles_stands_in_lines_without_empty_ones(width: int) -> None:
    lines = [line.rstrip() for line in printed(Narrow(doctor_table(FINDINGS)), width).splitlines()]

    assert lines[0] == "machine"
    assert lines[1].startswith(" ✓ python 3.11.7 at")
    assert [line for line in lines if line.lstrip().startswith(":")] == []
    assert " ! bubblewrap none" in lines


def past(number: int, **fields: str) -> Deployment:
    return Deployment(
        **{
            "sequence": number,
            "action": "deploy",
            "outcome": "succeeded",
            "release": "0123456789abcdef",
            "version": "0.1.0.post1",
            "layer": None,
            "who": "arn:aws:iam::999999999999:user/local-developer",
            "when": "2026-11-28T15:39:29Z",
            "commit": "38d89c2714aa",
            **fields,
        }
    )


WENT_BACK = past(
    2, action="rollback", outcome="went back", reason=f'expected {{"ok": true}}, got {{"a": "{"x" * 300}"}}'
)


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_the_history_of_one_environment_is_a_table_in_an_ordinary_terminal(width: int) -> None:
    lines = printed(Narrow(history_table({"staging": [past(1), WENT_BACK]})), width).splitlines()

    assert lines[0].split()[:4] == ["#", "when", "what", "version"]
    assert "staging" not in "".join(lines)
    assert max(map(len, lines)) <= width
    assert all(word in "".join(lines) for word in ("2026-11-28", "rollback", "0.1.0.post1", "0123456", "38d89c2"))


def test_what_no_row_has_takes_no_room() -> None:
    (titles, _) = printed(history_table({"sandbox": [past(1, commit="")], "test": []}), 160).splitlines()

    assert titles.split() == ["environment", "#", "when", "what", "version", "outcome", "who"]


def test_a_response_does_not_fill_the_screen() -> None:
    assert len(printed(Narrow(history_table({"staging": [WENT_BACK]})), 160).splitlines()) < 8


PUBLISH = "    publish projects/receipts/lambda/source/0.1.0.post1/receipts-0.1.0.post1-py3-none-any.whl"


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            60,
            [
                "    publish projects/receipts/lambda/source/0.1.0.post1/",
                "      receipts-0.1.0.post1-py3-none-any.whl",
            ],
        ),
        (100, [PUBLISH]),
        (8, None),
    ],
)
def test_a_line_goes_on_below_itself(width: int, lines: list[str] | None) -> None:
    found = printed(Hanging(Text(PUBLISH)), width).splitlines()

    assert lines is None or found == lines
    assert "".join(line.strip() for line in found) == PUBLISH.replace("    publish ", "publish").strip() or lines
    assert max(map(len, found)) <= width


def test_a_path_is_broken_between_its_folders_and_else_within_a_name() -> None:
    assert printed(Hanging(Text("publish lambda/source/a-long-name-py3.whl")), 24).splitlines() == [
        "publish lambda/source/",
        "  a-long-name-py3.whl",
    ]
    assert printed(Hanging(Text("  receipts-0.1.0-py3-none-any.whl")), 24).splitlines() == [
        "  receipts-0.1.0-py3-",
        "    none-any.whl",
    ]


def test_a_sentence_is_broken_between_its_words() -> None:
    text = "  receipts 0.1.0: the code changed and nothing else did\n    hint: none of it"

    assert printed(Hanging(Text(text)), 30).splitlines() == [
        "  receipts 0.1.0: the code",
        "    changed and nothing else",
        "    did",
        "    hint: none of it",
    ]
