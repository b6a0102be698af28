"""A table says everything in a terminal of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.show.narrow import Narrow
from multi_env_lambda.show.text import status_table

NOW = "2026-01-02T00:00:00Z"
CELL = Cell(project="orders", environment="sandbox", version="0.1.0", release="a" * 64, when="2026-01-01T00:00:00Z")
PROD = Cell(project="orders", environment="prod", version="0.1.0", release="a" * 64, when=NOW, behind=True)
STATUS = Status(environments=("sandbox", "test", "prod"), units=("orders",), removed=(), cells=(CELL, PROD))


def shown(width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(Narrow(status_table(STATUS, NOW)))
    return file.getvalue()


@pytest.mark.parametrize("width", [10, 12, 20])
def test_nothing_is_cut_off_where_a_table_has_no_room(width: int) -> None:
    assert shown(width).split() == [
        *("orders", "sandbox:", "0.1.0", "1d", "test:", "–", "prod:", "0.1.0", "0s", "←", "behind")
    ]


def test_a_table_with_room_is_a_table() -> None:
    assert shown(80).splitlines()[0].split() == ["unit", "sandbox", "test", "prod"]
