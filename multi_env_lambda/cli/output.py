"""How a command talks: people read stderr and terminals, machines read JSON on stdout."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda.world import Event

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from multi_env_lambda.workspace import Workspace

__all__ = [
    "err_console",
    "json_option",
    "live",
    "local_option",
    "note",
    "open_workspace",
    "out",
    "print_json",
    "tell_whose",
    "unit_of",
]

Command = Callable[..., Any]

_LOUD = ("done", "failed", "skipped", "shift", "warning")


def local_option(command: Command) -> Command:
    """``--local``: the local cloud instead of AWS."""
    return click.option("--local", is_flag=True, default=None, help="Use the local cloud instead of AWS.")(command)


def json_option(command: Command) -> Command:
    """``--json``: data on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")(command)


def open_workspace(local: bool | None, report: Callable[[Event], None] | None = None) -> Workspace:
    """The workspace of this command; long set-up is told on stderr."""
    from multi_env_lambda.workspace import Workspace

    start: Path = click.get_current_context().obj["start"]
    if report is None:
        return Workspace.open(start, local=local, progress=note)
    return Workspace.open(start, local=local, report=report, progress=note)


def unit_of() -> str | None:
    """The unit that the script belongs to; None for the whole workspace."""
    from multi_env_lambda.model.name import normalised

    unit = click.get_current_context().obj["unit"]
    return None if unit is None else normalised(unit)


def note(text: object) -> None:
    """A sentence for people."""
    click.echo(str(text), err=True)


def tell_whose(workspace: Workspace) -> None:
    """Say that the bucket is another workspace's, where what is shown comes from it. One call."""
    from multi_env_lambda.flow.identity import told

    if text := told(workspace.world):
        note(f"warning: {text}")


def print_json(value: Any) -> None:
    """Data for machines."""
    click.echo(json.dumps(value, indent=2, sort_keys=True))


def err_console() -> Console:
    """Where people read while something happens. NO_COLOR and pipes are respected by rich."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 160)


def out(renderable: RenderableType) -> None:
    """The result that was asked for, on stdout. A plain text stays as it is: no broken line, no bracket as markup."""
    if isinstance(renderable, str):
        click.echo(renderable)
        return
    from rich.console import Console
    from rich.text import Text

    whole_lines = isinstance(renderable, Text) and not sys.stdout.isatty()
    width = None if sys.stdout.isatty() else 160
    Console(highlight=False, width=width).print(renderable, soft_wrap=whole_lines)


@contextmanager
def live(total: int) -> Iterator[Callable[[Event], None]]:
    """Show events: a table with a progress bar on a terminal, one line per event in a pipe."""
    if sys.stderr.isatty() and total:
        with _live_table(total) as report:
            yield report
    else:
        yield _line


def _line(event: Event) -> None:
    if event.phase != "unchanged":
        text = f": {event.text}" if event.text else ""
        click.echo(f"{event.environment} {event.project} {event.phase}{text}", err=True)


@contextmanager
def _live_table(total: int) -> Iterator[Callable[[Event], None]]:
    from rich.console import Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
    from rich.table import Table
    from rich.text import Text

    progress = Progress(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    task = progress.add_task("", total=total)
    running: dict[tuple[str, str], Event] = {}
    lock = threading.Lock()

    def table() -> Group:
        rows = Table(box=None, show_header=False, pad_edge=False)
        for event in list(running.values())[-20:]:
            # Reasons of CloudFormation have brackets, which would be markup in a plain string.
            phase = Text(event.phase, style="cyan")
            rows.add_row(event.environment, event.project, phase, Text(event.text))
        return Group(rows, progress)

    with Live(table(), console=err_console(), transient=True, refresh_per_second=10) as view:

        def report(event: Event) -> None:
            key = (event.environment, event.project)
            with lock:
                if event.phase in ("done", "failed", "skipped", "unchanged"):
                    running.pop(key, None)
                    progress.advance(task)
                else:
                    running[key] = event
                if event.phase in _LOUD:
                    view.console.print(f"{event.environment} {event.project} {event.phase} {event.text}", markup=False)
                view.update(table())

        yield report
