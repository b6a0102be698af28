"""The verb ``approve``: say yes to a plan that somebody else will apply."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import attrs
import click

from multi_env_lambda import pipeline
from multi_env_lambda.cli.output import err_console, json_option, local_option, note, open_workspace, print_json
from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.flow.gate import APPROVAL_HOURS, Approval, approve
from multi_env_lambda.flow.remove import same_removal
from multi_env_lambda.flow.rules import bound_of, with_rules
from multi_env_lambda.host.build_run import build_that_runs
from multi_env_lambda.model.document import check_format
from multi_env_lambda.model.rules import Bound
from multi_env_lambda.plan.removal import kept_by
from multi_env_lambda.workspace import Workspace

__all__ = ["approve_command"]


@click.command("approve")
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.JSON")
@local_option
@json_option
def approve_command(plan_file: Path, local: bool | None, as_json: bool) -> int:
    """Approve what `plan.py --out` or `destroy.py --out` saved, as you are.

    It is made again first, so you approve what will be done. A build cannot approve.
    """
    from multi_env_lambda.show.text import plan_text

    _refuse_builds()
    workspace = open_workspace(local)
    try:
        document = json.loads(plan_file.read_bytes())
        saved = {"digest": document["digest"], "asked": dict(document["asked"])}
        check_format(document, where=str(plan_file), kind="a saved plan")
    except (ValueError, KeyError, TypeError) as error:
        hint = "write it with `plan.py --out` or `destroy.py --out`"
        raise ConfigurationError(str(plan_file), f"not a saved plan: {error}", hint=hint) from error
    if saved["asked"].get("verb") == "destroy":
        return _approve_removal(workspace, document, as_json)
    plan = with_rules(workspace.world, pipeline.same_again(workspace.world, saved).plan)
    err_console().print(plan_text(plan, details=True))
    waiting = [bound for bound in plan.rules if _asks(bound)]
    if not waiting:
        note("no environment of this plan asks for an approval")
    return _tell([_approve(workspace, bound, plan.digest_of(bound.environment)) for bound in waiting], as_json)


def _refuse_builds() -> None:
    """What runs in a build was written by whoever wrote the change, so it cannot be somebody else's word."""
    found = build_that_runs(os.environ, terminal=sys.stdin.isatty())
    if found:
        what = f"`{found}` is set: this is a build, and a build cannot approve"
        raise Refused("approve", what, hint="approve it yourself, where you have credentials of your own")


def _asks(bound: Bound) -> bool:
    if bound.unreadable:
        raise Refused(bound.environment, f"nothing can be approved: {bound.unreadable}", hint="see the key in it")
    return bound.asks


def _approve(workspace: Workspace, bound: Bound, digest: str) -> Approval:
    weaker = bound.table if bound.weaker else None
    return approve(workspace.world, bound.environment, digest, weaker=weaker)


def _approve_removal(workspace: Workspace, document: dict[str, Any], as_json: bool) -> int:
    """A request that `destroy.py --out` saved."""
    name, environment = str(document["asked"]["only"]), str(document["asked"]["target"])
    removal = same_removal(workspace.world, name, environment, str(document["digest"]), kept_by(document))
    note(f"{name} {removal.version} would be deleted from {environment}")
    for item in (*removal.retained, *removal.lost):
        note(f"  {item}")
    bound = bound_of(workspace.world, environment)
    if not _asks(bound):
        note(f"{environment} asks for no approval")
        return _tell([], as_json)
    for line in bound.lines():
        note(line)
    return _tell([_approve(workspace, bound, removal.digest)], as_json)


def _tell(approvals: list[Approval], as_json: bool) -> int:
    if as_json:
        print_json([{**attrs.asdict(approval), "principal": approval.principal} for approval in approvals])
    for approval in approvals:
        note(f"{approval.environment}: plan {approval.digest[:12]} approved by {approval} for {APPROVAL_HOURS} h")
    return 0
