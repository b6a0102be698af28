"""The verb that restores what the records say is running: ``repair``."""

from __future__ import annotations

from pathlib import Path

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.deploy import apply_and_show, show_plan
from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.options import consent_options, out_option
from multi_env_lambda.cli.output import json_option, local_option, open_workspace
from multi_env_lambda.cli.target import units_and_environment

__all__ = ["repair_command"]


@click.command("repair")
@names_argument("words", nargs=-1, required=True, metavar="[UNIT] ENVIRONMENT")
@consent_options
@out_option("Save the plan as JSON for approval; change nothing.")
@click.option("--reason", default="", help="Why; stored in the record.")
@local_option
@json_option
def repair_command(
    words: tuple[str, ...],
    saved: Path | None,
    reason: str,
    yes: bool,
    wait: str,
    agree: tuple[str, ...],
    local: bool | None,
    as_json: bool,
) -> int:
    """Restore what somebody changed or deleted manually in ENVIRONMENT: one or more UNITs, or all that run there.

    The release in the record is deployed again: properties, code, aliases and weights become what was deployed, and
    what was deleted is created again. Nothing is built.
    """
    names, name = units_and_environment(words)
    workspace = open_workspace(local, TerminalDialog(yes=yes, quiet=as_json, details=True))
    environment = workspace.environment(name)
    if saved is not None:
        return show_plan(environment.plan_repair(*names, reason=reason), saved, as_json)
    return apply_and_show(
        workspace,
        lambda: environment.repair(*names, reason=reason, agree=agree, wait=wait),
        as_json,
        still="everything that is compared is as it was deployed",
    )
