"""Where the time of a run went, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table

from multi_env_lambda.model.timing import KINDS, Row
from multi_env_lambda.show.words import Text

__all__ = ["timings_shown"]

_MOST_ROWS = 8
"""Of one kind; the others are added up."""

_TITLES = ("where the time went", "times", "elapsed", "sum", "longest")


def timings_shown(rows: Sequence[Row], seconds: float, own: float) -> Group:
    """A table: how often, for how long at least one went on, the sum, and the longest; below it, the whole."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_TITLES[0])
    for title in _TITLES[1:]:
        table.add_column(title, justify="right")
    for kind, told in KINDS.items():
        lines = list(_lines([row for row in rows if row.kind == kind]))
        if lines:
            table.add_row(Text(told, "bold"))
        for what, *cells in lines:
            table.add_row(Text(f"  {what}"), *cells)
    return Group(table, Text(_total(seconds, own), "dim"))


def _total(seconds: float, own: float) -> str:
    return f"{seconds:.2f} s in all; for {own:.2f} s of it, neither another program nor AWS was at work"


def _lines(rows: Sequence[Row]) -> Iterator[tuple[str, str, str, str, str]]:
    for row in rows[:_MOST_ROWS]:
        yield row.what, str(row.times), f"{row.busy:.2f}", f"{row.seconds:.2f}", f"{row.longest:.2f}"
    rest = rows[_MOST_ROWS:]
    if rest:
        times, together = sum(row.times for row in rest), sum(row.seconds for row in rest)
        yield f"{len(rest)} more", str(times), "", f"{together:.2f}", f"{max(row.longest for row in rest):.2f}"
