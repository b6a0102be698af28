"""Each field of a status cell is shown to people by every renderer, or is named here with its reason."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from multi_env_lambda.model.outputs import Output
from multi_env_lambda.model.record import RolledBack
from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.model.unreleased import Unreleased
from multi_env_lambda.show import board
from multi_env_lambda.show.html import _STYLE, status_html
from multi_env_lambda.show.marks import KINDS
from multi_env_lambda.show.text import status_table

NOW = "2026-01-02T00:00:00Z"
ASSETS = Path(board.__file__).parent / "assets"
RUNNING = Cell(
    project="orders", environment="prod", version="1.0", when="2026-01-01T00:00:00Z", who="ada", commit="c" * 40
)
FAILED = attrs.evolve(RUNNING, failed="no memory", failed_version="1.1")
HELD = attrs.evolve(RUNNING, held_by="ada", held_since="2026-01-01T00:00:00Z")

CHANGED: Mapping[str, tuple[Cell, object]] = {
    "release": (RUNNING, "f" * 64),
    "version": (RUNNING, "2.0"),
    "layer": (RUNNING, 7),
    "when": (RUNNING, "2025-01-01T00:00:00Z"),
    "who": (RUNNING, "grace"),
    "commit": (RUNNING, "d" * 40),
    "committed": (RUNNING, "2025-01-01T00:00:00Z"),
    "dirty": (RUNNING, True),
    "behind": (RUNNING, True),
    "newer": (RUNNING, True),
    "failed": (attrs.evolve(FAILED, failed=None), "no memory"),
    "failed_version": (FAILED, "1.2"),
    "failed_release": (attrs.evolve(FAILED, failed_version="1.0", release="f" * 64), "e" * 64),
    "failed_when": (FAILED, "2026-01-01T00:00:00Z"),
    "rolled_back": (RUNNING, RolledBack(release="r", version="1.1", who="ada", when="2026-01-01T00:00:00Z")),
    "held_by": (RUNNING, "ada"),
    "held_since": (HELD, "2025-01-01T00:00:00Z"),
    "drift": (RUNNING, ("CreateFunction",)),
    "unreadable": (RUNNING, "it is no JSON"),
    "moved": (RUNNING, "it runs in eu-west-1"),
    "uncompared": (RUNNING, "the stack does not belong to this workspace"),
    "unreleased": (RUNNING, Unreleased(who="a/ada", host="desk", when="2026-01-01T00:00:00Z", after="", watch="w")),
    "outputs": (RUNNING, (Output(kind="queue", key="In", name="orders-prod-in"),)),
}
"""Field -> a cell, and another value of the field."""


def as_text(status: Status) -> str:
    console = Console(file=io.StringIO(), width=300)
    console.print(status_table(status, NOW))
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def as_html(status: Status) -> str:
    return status_html(status, NOW)


def on_the_board(status: Status) -> str:
    (cell,) = status.cells
    return str(board._cell(cell, status.called(cell.project)))


_OF_THE_HISTORY = {
    "layer": "`status --json` has it; the release says it to people",
    "committed": "`status --json` has it; the board shows how long a commit took",
    "failed_when": "`status --json` has it; the history says it to people",
}
RENDERERS: Mapping[Callable[[Status], str], Mapping[str, str]] = {
    as_text: {
        **_OF_THE_HISTORY,
        **dict.fromkeys(("release", "who", "commit", "dirty"), "a column has room for a version; see `history`"),
        "outputs": "a column has room for a version; see `outputs`",
        "held_since": "a column has room for a word; see `history`",
    },
    as_html: {
        **_OF_THE_HISTORY,
        "release": "the version says it to people",
        "outputs": "a column has room for a version; see `outputs`",
    },
    on_the_board: _OF_THE_HISTORY,
}
"""Renderer -> the fields that it leaves out -> why."""


def matrix(cell: Cell) -> Status:
    return Status(environments=("prod",), units=("orders",), removed=(), cells=(cell,))


def test_every_field_is_changed_here() -> None:
    assert set(CHANGED) == set(attrs.fields_dict(Cell)) - {"project", "environment"}


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.__name__)
@pytest.mark.parametrize("field", CHANGED)
def test_a_renderer_shows_a_field_or_has_a_reason(field: str, renderer: Callable[[Status], str]) -> None:
    cell, value = CHANGED[field]
    before, after = matrix(cell), matrix(attrs.evolve(cell, **{field: value}))

    assert (renderer(before) == renderer(after)) == (field in RENDERERS[renderer])


def test_the_page_reads_every_value_of_a_cell() -> None:
    full = attrs.evolve(RUNNING, **{field: value for field, (_, value) in CHANGED.items()})
    script = (ASSETS / "board.js").read_text(encoding="utf-8")

    assert {key for key in board._cell(full, matrix(full).called("orders")) if f"cell.{key}" not in script} == set()


def test_every_state_has_a_colour_in_a_notebook_and_on_the_board() -> None:
    sheet = "".join(path.read_text(encoding="utf-8") for path in ASSETS.glob("*.css"))
    states = set(KINDS) - {"empty"}

    assert states - set(re.findall(r"td\.([\w-]+)", _STYLE)) == set()
    assert states - set(re.findall(r"[.\"-]([a-z-]+)", sheet)) == set()
