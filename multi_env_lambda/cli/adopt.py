"""The verb ``adopt``: makes a unit from a project of another tool, and brings its running stack under that unit."""

from __future__ import annotations

import click

from multi_env_lambda.cli.dialog import confirmed
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json, unit_of

__all__ = ["adopt_command"]


@click.command("adopt")
@click.argument("path", required=False)
@click.option("--unit", default="", metavar="NAME", help="The name of the unit; by default that of the folder.")
@click.option(
    "--set", "values", multiple=True, metavar="[ENVIRONMENT.]NAME=VALUE", help="The value of a parameter or a variable."
)
@click.option("--stack", default="", metavar="NAME", help="Instead of PATH: the running stack to bring under the unit.")
@click.option("--environment", default="", metavar="NAME", help="With --stack: the environment that the stack is in.")
@click.option("--agree", multiple=True, metavar="KIND:NAME", help="With --stack: agree to what the plan shows.")
@click.option("--approve", multiple=True, metavar="NAME", help="With --stack: approve it, where its author may.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Skip the confirmation.")
@local_option
@json_option
def adopt_command(
    path: str | None,
    unit: str,
    values: tuple[str, ...],
    stack: str,
    environment: str,
    agree: tuple[str, ...],
    approve: tuple[str, ...],
    only_plan: bool,
    yes: bool,
    local: bool | None,
    as_json: bool,
) -> int:
    """Make a unit from the project in PATH: a template of SAM or CloudFormation, a service of Serverless, or a folder
    with handlers.

    Says for each setting what it becomes, with its line. Repeat it after the template has changed: files that you have
    edited since are kept.

    With --stack and --environment, bring the project's running stack under the unit: says what happens to each of its
    resources, and keeps names and data.
    """
    if stack:
        if path is not None or values:
            raise click.UsageError("expected PATH or --stack, not both")
        if not environment:
            raise click.UsageError("--stack needs --environment")
        return _adopt_stack(unit, stack, environment, agree, approve, only_plan, local, as_json)
    if path is None or environment or agree or approve:
        raise click.UsageError("expected PATH, or --stack with --environment")
    return _adopt_project(path, unit, values, only_plan, yes, as_json)


def _adopt_project(path: str, unit: str, values: tuple[str, ...], only_plan: bool, yes: bool, as_json: bool) -> int:
    workspace = open_workspace(False)
    found = workspace.adopt(path, unit=unit, values=values, really=False)
    if not as_json:
        out(found.text())
    changes = [one for one in found.files if one.what in ("written", "updated", "removed")]
    if not only_plan and (yes or _agreed(bool(changes))):
        written = workspace.adopt(path, unit=unit, values=values, really=True)
        first = next(iter(workspace.environments))
        note(f"next: python -m multi_env_lambda plan {written.unit} {first}")
    if as_json:
        print_json(found.to_dict())
    return 0


def _adopt_stack(
    named: str,
    stack: str,
    environment: str,
    agree: tuple[str, ...],
    approve: tuple[str, ...],
    only_plan: bool,
    local: bool | None,
    as_json: bool,
) -> int:
    workspace = open_workspace(local)
    units = [one.name for one in workspace.configs]
    name = named or unit_of() or (units[0] if len(units) == 1 else "")
    if not name:
        raise click.UsageError(f"--stack needs --unit; there are {', '.join(units) or 'no units'}")
    place = workspace.environment(environment)
    found = place.plan_adoption(stack, name)
    if not as_json:
        out(found.text())
    if not only_plan:
        place.adopt_stack(stack, name, agree=agree, approve=approve)
        if found.steps:
            if found.states and workspace.config.roles is not None:
                note("first: python -m multi_env_lambda bootstrap, because its roles have to know the names")
            note(f"next: python -m multi_env_lambda deploy {name} {environment}")
        elif found.source != found.target:
            _tell_about_the_rest(found.source, environment)
    if as_json:
        print_json(found.to_dict())
    return 0


def _tell_about_the_rest(source: str, environment: str) -> None:
    note(
        f"when {environment} runs the unit, delete the rest: aws cloudformation delete-stack --stack-name {source}; "
        "what holds data in it is retained"
    )


def _agreed(changes: bool) -> bool:
    return not changes or confirmed("write these files?", "the files")
