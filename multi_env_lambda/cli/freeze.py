"""The verbs that stop what may change, and let it go on: ``freeze`` and ``unfreeze``."""

from __future__ import annotations

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import (
    json_option,
    local_option,
    note,
    open_workspace,
    print_json,
)
from multi_env_lambda.cli.target import units_and_environment

__all__ = ["freeze_command", "unfreeze_command"]


@click.command("freeze")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] ENVIRONMENT")
@click.option("--reason", required=True, help="Why; everybody who is stopped by it reads it.")
@click.option("--until", default="", metavar="TIME", help="When it ends by itself, such as 2026-12-24T18:00 (UTC).")
@local_option
@json_option
def freeze_command(words: tuple[str, ...], reason: str, until: str, local: bool | None, as_json: bool) -> int:
    """Freeze ENVIRONMENT, or one or more UNITs in it: runs of the CI leave it alone, and people are asked first.

    Freezing again replaces the reason and the time.
    """
    names, name = units_and_environment(words)
    made = open_workspace(local).environment(name).freeze(*names, reason=reason, until=until)
    if as_json:
        print_json(made.to_dict()["items"])
    for one in made:
        note(one.line())
    return 0


@click.command("unfreeze")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] ENVIRONMENT")
@local_option
@json_option
def unfreeze_command(words: tuple[str, ...], local: bool | None, as_json: bool) -> int:
    """Lift the freeze of ENVIRONMENT, or of one or more UNITs in it; with a UNIT, also what a rollback holds there.

    A build cannot lift anything.
    """
    names, name = units_and_environment(words)
    lifted = open_workspace(local).environment(name).unfreeze(*names)
    if as_json:
        print_json(lifted.to_dict()["items"])
    for one in lifted:
        note(f"lifted: {one.fact}")
    if not len(lifted):
        note(f"nothing is frozen: {' '.join((*names, name))}")
    return 0
