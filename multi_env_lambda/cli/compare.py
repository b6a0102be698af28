"""The verbs that compare: ``diff`` for two environments, ``drift`` for a template and the live stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import (
    json_option,
    local_option,
    note,
    open_workspace,
    out,
    print_json,
    tell_whose,
    unit_of,
)
from multi_env_lambda.errors import StackError

if TYPE_CHECKING:
    from multi_env_lambda.api.workspace import Workspace

__all__ = ["diff_command", "drift_command"]

DRIFTED = 1
"""Exit code of ``drift`` when something was changed manually, as in Unix ``diff``."""


@click.command("diff")
@names_argument("words", nargs=-1, metavar="[UNIT] ENVIRONMENT ENVIRONMENT")
@local_option
@json_option
def diff_command(words: tuple[str, ...], local: bool | None, as_json: bool) -> int:
    """Compare what runs of UNIT in two environments: version, layer, files in the wheel, template properties.

    Reads only records and published releases. The exit code is 0 whether they differ or not.
    """
    from multi_env_lambda.show.difference import difference_text

    unit = unit_of()
    named = words if unit is None else (unit, *words)
    if len(named) != 3:
        raise click.UsageError("expected UNIT and two environments, as in `diff.py orders staging prod`")
    workspace = open_workspace(local)
    name, left, right = named
    found = workspace.unit(name).difference(left, right)
    tell_whose(workspace)
    if as_json:
        print_json(found.to_dict())
    else:
        out(difference_text(found))
    return 0


@click.command("drift")
@names_argument("words", nargs=-1, metavar="[UNIT] [ENVIRONMENT]")
@local_option
@json_option
def drift_command(words: tuple[str, ...], local: bool | None, as_json: bool) -> int:
    """Find manual changes, using CloudFormation's drift detection, the stack's template, and its aliases.

    The exit code is 0 if everything is as deployed, 1 if something was changed, 7 if a stack could not be compared.
    Nothing is written.
    """
    from multi_env_lambda.show.difference import drift_notes, drift_text

    workspace = open_workspace(local)
    unit, environment = _unit_and_environment(workspace, words)
    found = workspace.drift(unit, environment)
    tell_whose(workspace)
    if as_json:
        print_json([item.to_dict() for item in found])
    else:
        out(drift_text(found))
    for line in drift_notes(found):
        note(line)
    if any(item.problem for item in found):
        return StackError.exit_code
    return DRIFTED if any(item.drifted for item in found) else 0


def _unit_and_environment(workspace: Workspace, words: tuple[str, ...]) -> tuple[str | None, str | None]:
    """A single word is an environment if one has that name, else a unit."""
    names = workspace.environments
    unit, rest = unit_of(), words
    if unit is None and words and words[0] not in names:
        unit, rest = words[0], words[1:]
    if len(rest) > 1:
        raise click.UsageError("expected at most UNIT and ENVIRONMENT")
    return unit, rest[0] if rest else None
