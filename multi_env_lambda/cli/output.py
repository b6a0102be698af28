"""Output of the commands: people read stderr and terminals, machines read JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multi_env_lambda.cli.complete import profiles
from multi_env_lambda.show.terminal import Shown, console, say, telling, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from multi_env_lambda.api.dialog import Dialog
    from multi_env_lambda.api.timings import Timings
    from multi_env_lambda.api.workspace import Workspace

__all__ = [
    "asked",
    "json_option",
    "local_option",
    "note",
    "open_workspace",
    "out",
    "print_json",
    "tell",
    "tell_whose",
    "unit_of",
]

Command = Callable[..., Any]


def local_option(command: Command) -> Command:
    """Where this goes: ``--local``, the local cloud instead of AWS; ``--profile``, whose credentials are used."""
    text = "Use the credentials of this profile of your AWS files."
    named = click.option(
        "--profile",
        metavar="NAME",
        default=None,
        shell_complete=profiles,
        expose_value=False,
        callback=_keep_profile,
        help=text,
    )
    local = click.option("--local", is_flag=True, default=None, help="Use the local cloud instead of AWS.")
    return local(named(_timings_options(command)))


def _timings_options(command: Command) -> Command:
    """Where the time of this command goes; both are there when it has ended, however it did."""
    table = click.option(
        "--timings",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_keep_timings,
        help="Show where the time went.",
    )
    trace = click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        expose_value=False,
        is_eager=True,
        callback=_keep_trace,
        help="Write where the time went to this file, for a browser's profiler.",
    )
    return table(trace(command))


def _keep_timings(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        found = _timings(context)
        context.obj["ends"].callback(lambda: note(found.text()))


def _keep_trace(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        found = _timings(context)
        found.save(path)  # refused now, if it cannot be written
        context.obj["ends"].callback(lambda: found.save(path))


def _timings(context: click.Context) -> Timings:
    """The same for both options."""
    if "timings" not in context.obj:
        from multi_env_lambda.api.timings import timings

        context.obj["timings"] = context.obj["ends"].enter_context(timings(since=context.obj["begun"]))
    found: Timings = context.obj["timings"]
    return found


def _keep_profile(context: click.Context, _: click.Parameter, name: str | None) -> None:
    context.obj["profile"] = name


def json_option(command: Command) -> Command:
    """``--json``: data on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")(command)


def open_workspace(local: bool | None, dialog: Dialog | None = None) -> Workspace:
    """The workspace of this command; slow set-up is reported on stderr."""
    from multi_env_lambda.api.workspace import Workspace
    from multi_env_lambda.cli.word_order import must_be_in_order
    from multi_env_lambda.show.progress import in_a_terminal

    context: dict[str, Any] = click.get_current_context().obj
    opener: Callable[..., Workspace] = context["opener"] or Workspace.open
    named = {} if context.get("profile") is None else {"profile": context["profile"]}
    opened = opener(context["start"], local=local, progress=note, live=in_a_terminal, dialog=dialog, **named)
    places = (*opened.environments, *opened.config.stage_names)
    must_be_in_order(context["words"], places, lambda name: name in opened.projects or name in opened.broken)
    return opened


def unit_of() -> str | None:
    """The unit that the script belongs to; None for the whole workspace."""
    from multi_env_lambda.api.names import normalised

    unit = click.get_current_context().obj["unit"]
    return None if unit is None else normalised(unit)


def note(text: object) -> None:
    """A sentence for people."""
    say(text, err=True)


def tell_whose(workspace: Workspace) -> None:
    """Warn that the bucket belongs to another workspace, where what is shown comes from it. One call."""
    if text := workspace.foreign_bucket():
        note(f"warning: {text}")


def print_json(value: Any) -> None:
    """Data for machines; JSON in ASCII escapes everything else by itself."""
    say(json.dumps(value, indent=2, sort_keys=True))


def tell(renderable: RenderableType) -> None:
    """Something with a layout, for people who watch the run."""
    _print(renderable, err=True)


def out(renderable: RenderableType) -> None:
    """The result that was asked for, on stdout. A plain text stays as it is: no broken line, no bracket as markup."""
    if isinstance(renderable, str):
        say(renderable)
        return
    _print(renderable, err=False)


def _print(renderable: RenderableType, *, err: bool) -> None:
    """At a terminal, what is too long for a line goes on below it; a reader of a pipe gets whole lines."""
    from rich.table import Table
    from rich.text import Text

    from multi_env_lambda.show.narrow import Hanging, Narrow

    screen = console(err=err)
    whole_lines = isinstance(renderable, Text) and not screen.is_terminal
    shown = Narrow(renderable) if isinstance(renderable, Table) else renderable
    if isinstance(renderable, Text) and screen.is_terminal:
        shown = Hanging(renderable)
    with telling(err=err):
        screen.print(Shown(shown), soft_wrap=whole_lines)


def asked(text: str, **how: Any) -> str:
    """What a person types; the question may contain names that others chose."""
    return str(click.prompt(visible(text), err=True, **how))
