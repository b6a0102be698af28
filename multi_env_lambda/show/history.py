"""Past deployments as a table that fits in a terminal of 80 columns: what is the same in every row has no column."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from rich.console import RenderableType
from rich.table import Table

from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.show.marks import outcome_text
from multi_env_lambda.show.words import Text

__all__ = ["deployments_table", "history_table"]

_NO_DEPLOYMENTS = "no deployments"
_LONGEST_REASON = 80
_TITLES = ("environment", "#", "when", "what", "version", "outcome", "who", "commit", "reason")
_FOLDED = ("who", "reason")
_IN_TWO_LINES = ("when", "version", "outcome")


def history_table(found: Mapping[str, Iterable[Deployment]]) -> RenderableType:
    """Deployments by environment, newest first."""
    several = len(found) > 1
    return _table([(name if several else "", item) for name, past in found.items() for item in reversed(tuple(past))])


def deployments_table(past: Iterable[Deployment]) -> RenderableType:
    """The deployments of one unit in one environment, newest first."""
    return _table([("", item) for item in reversed(tuple(past))])


def _table(past: list[tuple[str, Deployment]]) -> RenderableType:
    """A column that would be empty in every row is left out."""
    rows = [_row(environment, item) for environment, item in past]
    kept = [any(column) for column in zip(*rows, strict=True)]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in itertools.compress(_TITLES, kept):
        table.add_column(title, no_wrap=title not in _IN_TWO_LINES + _FOLDED)
        table.columns[-1].overflow = "fold" if title in _FOLDED else "ellipsis"
    for row in rows:
        table.add_row(*itertools.compress(row, kept))
    return table if rows else _NO_DEPLOYMENTS


def _row(environment: str, item: Deployment) -> tuple[Text, ...]:
    """The cells of one row. Reasons are written by people, and brackets in a plain string would be markup."""
    approved = f", approved by {item.approved.rpartition(':')[2]}" if item.approved else ""
    version = Text(one_line(item.version))
    version.append(f" {one_line(item.release[:7])}", style="dim")
    return (
        Text(one_line(environment)),
        Text(str(item.sequence)),
        Text(one_line(_minute(item.when))),
        Text(one_line(item.action)),
        version,
        Text(outcome_text(item.outcome), style="green" if item.outcome == "succeeded" else "red"),
        Text(one_line(item.who.rpartition(":")[2] + approved)),
        Text(one_line(f"{item.commit[:7]}{'+' if item.commit and item.dirty else ''}")),
        Text(_short(one_line(item.reason or item.detail.partition("\n")[0]))),
    )


def _minute(when: str) -> str:
    """A time of a record, to the minute.

    >>> _minute("2026-11-28T15:39:29Z")
    '2026-11-28 15:39 UTC'
    """
    day, _, time = when.partition("T")
    return f"{day} {time[:5]} UTC" if time.endswith("Z") else when


def _short(reason: str) -> str:
    """The start of what can be a whole response of a function; ``--json`` has all of it."""
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 1]}…"
