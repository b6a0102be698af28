"""The verb ``approve``: say yes to a plan that somebody else will apply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import click

from multi_env_lambda import pipeline
from multi_env_lambda.cli.output import err_console, json_option, local_option, note, open_workspace, print_json
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.gate import APPROVAL_HOURS, Approval, approve
from multi_env_lambda.flow.remove import same_removal
from multi_env_lambda.workspace import Workspace

__all__ = ["approve_command"]


@click.command("approve")
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.JSON")
@local_option
@json_option
def approve_command(plan_file: Path, local: bool | None, as_json: bool) -> int:
    """Approve what `plan.py --out` or `destroy.py --out` saved, as you are.

    It is made again first, so you approve what will be done.
    """
    from multi_env_lambda.show.text import plan_text

    workspace = open_workspace(local)
    try:
        document = json.loads(plan_file.read_bytes())
        saved = {"digest": document["digest"], "asked": dict(document["asked"])}
    except (ValueError, KeyError, TypeError) as error:
        hint = "write it with `plan.py --out` or `destroy.py --out`"
        raise ConfigurationError(str(plan_file), f"not a saved plan: {error}", hint=hint) from error
    if saved["asked"].get("verb") == "destroy":
        return _approve_removal(workspace, saved, as_json)
    draft = pipeline.same_again(workspace.world, saved)
    err_console().print(plan_text(draft.plan, details=True))
    waiting = [name for name in draft.plan.environments if workspace.config.environment(name).approval]
    if not waiting:
        note("no environment of this plan asks for an approval")
    return _tell([approve(workspace.world, name, draft.plan.digest_of(name)) for name in waiting], as_json)


def _approve_removal(workspace: Workspace, saved: dict[str, Any], as_json: bool) -> int:
    """A request that `destroy.py --out` saved."""
    name, environment = str(saved["asked"]["only"]), str(saved["asked"]["target"])
    removal = same_removal(workspace.world, name, environment, str(saved["digest"]))
    note(f"{name} {removal.version} would be deleted from {environment}")
    for item in removal.retained:
        note(f"  {item}")
    if not workspace.config.environment(environment).approval:
        note(f"{environment} asks for no approval")
        return _tell([], as_json)
    return _tell([approve(workspace.world, environment, removal.digest)], as_json)


def _tell(approvals: list[Approval], as_json: bool) -> int:
    if as_json:
        print_json([attrs.asdict(approval) for approval in approvals])
    for approval in approvals:
        note(f"{approval.environment}: plan {approval.digest[:12]} approved by {approval.who} for {APPROVAL_HOURS} h")
    return 0
