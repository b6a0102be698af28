"""The verb ``outputs``: what a unit made in an environment."""

from __future__ import annotations

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import json_option, local_option, open_workspace, out, print_json
from multi_env_lambda.cli.target import unit_and_rest

__all__ = ["outputs_command"]


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
