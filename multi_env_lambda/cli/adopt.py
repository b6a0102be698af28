"""The verb ``adopt``: makes a unit from a project of another tool."""

from __future__ import annotations

import click

from multi_env_lambda.cli.dialog import confirmed
from multi_env_lambda.cli.output import json_option, note, open_workspace, out, print_json

__all__ = ["adopt_command"]


@click.command("adopt")
@click.argument("path")
@click.option("--unit", default="", metavar="NAME", help="The name of the unit; by default that of the folder.")
@click.option(
    "--set", "values", multiple=True, metavar="[ENVIRONMENT.]NAME=VALUE", help="The value of a parameter or a variable."
)
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@json_option
def adopt_command(path: str, unit: str, values: tuple[str, ...], only_plan: bool, yes: bool, as_json: bool) -> int:
    """Make a unit from the project in PATH: a template of SAM or CloudFormation, a service of Serverless, or a folder
    with handlers.

    Says for each setting what it becomes, with its line. Repeat it after the template has changed: files that you have
    edited since are kept.
    """
    workspace = open_workspace(False)
    found = workspace.adopt(path, unit=unit, values=values, really=False)
    if not as_json:
        out(found.text())
    changes = [one for one in found.files if one.what in ("written", "updated", "removed")]
    if not only_plan and (yes or _agreed(bool(changes))):
        workspace.adopt(path, unit=unit, values=values, really=True)
        first = next(iter(workspace.environments))
        note(f"next: python -m multi_env_lambda plan {found.unit} {first}")
    if as_json:
        print_json(found.to_dict())
    return 0


def _agreed(changes: bool) -> bool:
    return not changes or confirmed("write these files?", "the files")
