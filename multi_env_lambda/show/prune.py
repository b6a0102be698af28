"""What can be pruned, as a table with sizes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from multi_env_lambda.plan.prune import Candidate
from multi_env_lambda.show.words import Text

__all__ = ["prune_line", "prune_table", "size_text"]

_DIGEST = 64


def prune_table(candidates: Iterable[Candidate]) -> Table:
    """One line per item, and the total."""
    rows = list(candidates)
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("unit", footer=f"{len(rows)} in total")
    table.add_column("where")
    table.add_column("what")
    table.add_column("name")
    table.add_column("size", justify="right", footer=size_text(sum(row.size for row in rows)))
    for row in rows:
        table.add_row(*map(Text, _cells(row)))
    return table


def prune_line(candidate: Candidate) -> str:
    """One of them, without a table."""
    return " ".join(_cells(candidate))


def _cells(row: Candidate) -> tuple[str, ...]:
    name = row.name[:12] if len(row.name) == _DIGEST else row.name
    return row.project, row.environment or "bucket", row.kind, name, size_text(row.size) if row.size else "–"


def size_text(size: int) -> str:
    """Bytes for people.

    >>> size_text(999), size_text(1_500), size_text(20_000_000)
    ('999 B', '1.5 kB', '20.0 MB')
    """
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
