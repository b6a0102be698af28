"""The table at the end of a deploy: what moved is not lost among hundreds of units that did not."""

from __future__ import annotations

import io

from rich.console import Console

from multi_env_lambda.model.result import Result
from multi_env_lambda.show.text import results_table


def shown(unchanged: int) -> str:
    rows = [Result(project="orders", environment="test", outcome="failed", version="0.2.0")]
    rows += [Result(project=f"u{number}", environment="test", outcome="unchanged") for number in range(unchanged)]
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(results_table(rows))
    return console.export_text()


def test_a_few_units_that_stay_as_they_are_are_named() -> None:
    assert len(shown(3).strip().splitlines()) == 5


def test_many_units_that_stay_as_they_are_are_counted() -> None:
    lines = shown(39).strip().splitlines()

    assert len(lines) == 3
    assert "failed 0.2.0" in lines[1]
    assert "39 unchanged" in lines[2]


def test_the_environments_are_the_columns_in_the_order_of_the_run() -> None:
    rows = [Result(project="orders", environment=name, outcome="deployed", version="1.0") for name in ("test", "prod")]
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(results_table(rows))

    assert console.export_text().splitlines()[0].split() == ["unit", "test", "prod"]
