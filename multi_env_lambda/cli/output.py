"""How a command talks: people read stderr and terminals, machines read JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.api.workspace import Workspace

__all__ = [
    "err_console",
    "json_option",
    "local_option",
    "note",
    "open_workspace",
    "out",
    "print_json",
    "tell_whose",
    "unit_of",
]

Command = Callable[..., Any]


def local_option(command: Command) -> Command:
    """``--local``: the local cloud instead of AWS."""
    return click.option("--local", is_flag=True, default=None, help="Use the local cloud instead of AWS.")(command)


def json_option(command: Command) -> Command:
    """``--json``: data on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")(command)


def open_workspace(local: bool | None, dialog: Dialog | None = None) -> Workspace:
    """The workspace of this command; long set-up is told on stderr."""
    from multi_env_lambda.api.workspace import Workspace
    from multi_env_lambda.show.progress import in_a_terminal

    start: Path = click.get_current_context().obj["start"]
    return Workspace.open(start, local=local, progress=note, live=in_a_terminal, dialog=dialog)


def unit_of() -> str | None:
    """The unit that the script belongs to; None for the whole workspace."""
    from multi_env_lambda.api.names import normalised

    unit = click.get_current_context().obj["unit"]
    return None if unit is None else normalised(unit)


def note(text: object) -> None:
    """A sentence for people."""
    click.echo(str(text), err=True)


def tell_whose(workspace: Workspace) -> None:
    """Say that the bucket is another workspace's, where what is shown comes from it. One call."""
    if text := workspace.foreign_bucket():
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
