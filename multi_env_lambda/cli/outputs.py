"""The verb ``outputs``: what a unit made in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json
from multi_env_lambda.cli.target import unit_and_rest
from multi_env_lambda.errors import MultiEnvLambdaError, SessionEnded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multi_env_lambda import Result, Workspace

__all__ = ["outputs_command", "tell_outputs"]


@click.command("outputs")
@names_argument("words", nargs=-1, metavar="UNIT [ENVIRONMENT]")
@local_option
@json_option
def outputs_command(words: tuple[str, ...], local: bool | None, as_json: bool) -> int:
    """Show what UNIT made in ENVIRONMENT, as its stack is now: names, ARNs, URLs, and the outputs of its template.

    Values that may be secret are not shown.
    """
    name, rest = unit_and_rest(words)
    found = open_workspace(local).unit(name).outputs(rest[0] if rest else None)
    if as_json:
        print_json(found.to_dict())
    else:
        out(found.text())
    return 0


def tell_outputs(workspace: Workspace, results: Iterable[Result]) -> None:
    """After a deploy of a single unit, what people look for next. That it cannot be read makes no deploy fail."""
    deployed = [result for result in results if result.outcome == "deployed"]
    if len({result.project for result in deployed}) != 1:
        return
    for result in deployed:
        try:
            lines = workspace.unit(result.project).outputs(result.environment).short()
        except SessionEnded:  # it was told, or the next command tells it
            return
        except MultiEnvLambdaError as error:
            note(f"{error.where}: {error.what}")
            continue
        if lines:
            note(f"{lines}\nfor ARNs and links: `outputs.py {result.project} {result.environment}`")
