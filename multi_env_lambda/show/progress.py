"""Events while they happen: a live table with a bar on a terminal, the same in a notebook, a line each in a pipe."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from multi_env_lambda.model.visible import visible
from multi_env_lambda.show.terminal import Shown, console, say

if TYPE_CHECKING:
    from multi_env_lambda.world import ProgressEvent

__all__ = ["Live", "Report", "in_a_notebook", "in_a_terminal", "lines_where_this_runs", "silently", "where_this_runs"]

Report: TypeAlias = "Callable[[ProgressEvent], None]"
Live: TypeAlias = "Callable[[int], AbstractContextManager[Report]]"
"""From the number of steps to what is called with each event until the block ends."""

_LOUD = ("done", "failed", "under way", "skipped", "shift", "warning")
_ENDS = ("done", "failed", "under way", "skipped", "not begun", "unchanged")
_QUIET = ("not begun", "unchanged")
_MOST_ROWS = 20


def where_this_runs() -> Live:
    """In a notebook, a display of its own; elsewhere nothing: a script that imports the library prints for itself."""
    return in_a_notebook if _is_a_notebook() else silently


def lines_where_this_runs() -> Callable[[str], None]:
    """In a notebook, a line below the cell for each sentence; elsewhere nothing."""
    return say if _is_a_notebook() else lambda _: None


def _is_a_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


@contextmanager
def silently(total: int) -> Iterator[Report]:
    """Show nothing."""
    yield lambda _: None


@contextmanager
def in_a_terminal(total: int) -> Iterator[Report]:
    """On stderr: a table with a progress bar on a terminal, one line per event in a pipe."""
    if sys.stderr.isatty() and total:
        with _live_table(total) as report:
            yield report
    else:
        yield _line


def _line(event: ProgressEvent) -> None:
    if event.phase not in _QUIET:
        text = f": {_told(event)}" if event.text else ""
        say(f"{event.environment} {event.project} {event.phase}{text}", err=True)


def _told(event: ProgressEvent) -> str:
    """Of a failure only the first line: the whole of it stands below the table of results."""
    return event.text.partition("\n")[0] if event.phase == "failed" else event.text


@contextmanager
def in_a_notebook(total: int) -> Iterator[Report]:
    """One output below the cell that is redrawn with each event and is empty when the work is done."""
    html, display = _ipython()

    running: dict[tuple[str, str], ProgressEvent] = {}
    ended: set[tuple[str, str]] = set()
    lock = threading.Lock()
    shown = display(html(_page(running, 0, total)), display_id=True)

    def report(event: ProgressEvent) -> None:
        key = (event.environment, event.project)
        with lock:
            if event.phase in _ENDS:
                running.pop(key, None)
                ended.add(key)
            else:
                running[key] = event
            shown.update(html(_page(running, len(ended), total)))

    try:
        yield report
    finally:
        shown.update(html(""))


def _ipython() -> tuple[Any, Any]:
    """Every notebook has it; this library does not depend on it."""
    found = importlib.import_module("IPython.display")
    return found.HTML, found.display


def _page(running: dict[tuple[str, str], ProgressEvent], ended: int, total: int) -> str:
    cells = (
        "".join(
            f"<td>{escape(visible(text))}</td>" for text in (event.environment, event.project, event.phase, event.text)
        )
        for event in list(running.values())[-_MOST_ROWS:]
    )
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    bar = f'<progress value="{ended}" max="{max(total, 1)}"></progress> {ended} of {total}' if total else ""
    return f"<table>{rows}</table>{bar}"


@contextmanager
def _live_table(total: int) -> Iterator[Report]:
    from rich.console import Group
    from rich.live import Live as RichLive
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
    from rich.table import Table

    from multi_env_lambda.show.words import Text

    progress = Progress(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    task = progress.add_task("", total=total)
    running: dict[tuple[str, str], ProgressEvent] = {}
    lock = threading.Lock()

    def table() -> Shown:
        rows = Table(box=None, show_header=False, pad_edge=False)
        for event in list(running.values())[-_MOST_ROWS:]:
            # CloudFormation's reasons contain brackets, which would be markup in a plain string.
            phase = Text(event.phase, style="cyan")
            rows.add_row(event.environment, event.project, phase, Text(event.text))
        return Shown(Group(rows, progress))

    with RichLive(table(), console=console(err=True), transient=True, refresh_per_second=10) as view:

        def report(event: ProgressEvent) -> None:
            key = (event.environment, event.project)
            with lock:
                if event.phase in _ENDS:
                    running.pop(key, None)
                    progress.advance(task)
                else:
                    running[key] = event
                if event.phase in _LOUD:
                    line = Text(f"{event.environment} {event.project} {event.phase} {_told(event)}")
                    view.console.print(Shown(line))
                view.update(table())

        yield report
