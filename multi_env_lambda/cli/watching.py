"""`deploy --watch`: a line for each save, and what is left when somebody ends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from multi_env_lambda.cli.output import note, out
from multi_env_lambda.errors import MultiEnvLambdaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multi_env_lambda.api.workspace import Workspace

__all__ = ["must_be_alone", "watch_and_show"]

INTERRUPTED = 130


def must_be_alone(**others: object) -> None:
    """Refuse options that say something else than the files of the work tree.

    Raises:
        UsageError: one of them is given.
    """
    if given := next((name for name, value in others.items() if value), None):
        raise click.UsageError(f"--watch cannot be combined with --{given}")


def watch_and_show(
    workspace: Workspace, names: Iterable[str], environment: str | None, agree: Iterable[str], wait: str, as_json: bool
) -> int:
    """Deploy, and bring every save there, until Ctrl-C; the exit code of an interrupted command."""
    from multi_env_lambda.show.watching import round_text

    names, place = tuple(names), environment or next(iter(workspace.environments))
    try:
        for done in workspace.environment(place).watch(*names, agree=agree, wait=wait):
            out(json.dumps(done.to_dict()) if as_json else round_text(done, str))
    except KeyboardInterrupt:
        _tell_what_is_there(workspace, names, place)
    return INTERRUPTED


def _tell_what_is_there(workspace: Workspace, names: tuple[str, ...], place: str) -> None:
    from multi_env_lambda.show.watching import left_lines

    try:
        cells = workspace.environment(place).status().cells
    except MultiEnvLambdaError as error:
        note(f"{error.where}: {error.what}\nhint: {error.hint}")
        return
    for line in left_lines(cell for cell in cells if not names or cell.project in names):
        note(line)
