"""What ``doctor`` found, as a table: one line per check, and below it how to fix it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.table import Table

from multi_env_lambda.model.finding import Finding, State
from multi_env_lambda.show.words import Text

__all__ = ["doctor_table"]

_MARKS: dict[State, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "note": ("!", "yellow"),
    "problem": ("✗", "red"),
    "unknown": ("·", "dim"),
}


def doctor_table(findings: Iterable[Finding], *, say: Callable[[str], str] = str) -> Table:
    """Other people's texts are not markup. ``say`` words what is advised; without it, as it is typed."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = ""
    for finding in findings:
        mark, style = _MARKS[finding.state]
        text = Text(finding.what)
        if finding.hint:
            text.append(f"\nhint: {say(finding.hint)}", style="dim")
        place = finding.place if finding.place != before else ""
        table.add_row(Text(place, style="bold"), Text(mark, style=style), Text(finding.check), text)
        before = finding.place
    return table
