"""The verb ``approve``: approve a plan that somebody else will apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from multi_env_lambda.cli.dialog import TerminalDialog
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, print_json

if TYPE_CHECKING:
    from multi_env_lambda import Approval
    from multi_env_lambda.api.listing import Listing

__all__ = ["approve_command", "show_approvals"]


@click.command("approve")
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.JSON")
@local_option
@json_option
def approve_command(plan_file: Path, local: bool | None, as_json: bool) -> int:
    """Approve what `plan.py --out` or `destroy.py --out` saved, under your own identity.

    The plan is made again first, so you approve what will actually be done. A CI build cannot approve.
    """
    from multi_env_lambda.api.approving import refuse_builds

    refuse_builds()
    workspace = open_workspace(local, TerminalDialog(details=True))
    approvals = workspace.approve(plan_file)
    code = show_approvals(approvals, as_json)
    if len(approvals) and not workspace.config.approvals_by_author:
        note("it counts for a deploy by somebody else, not for your own")
    return code


def show_approvals(approvals: Listing[Approval], as_json: bool) -> int:
    """What was approved, and for how long."""
    from multi_env_lambda.api.approving import APPROVAL_HOURS

    if not len(approvals):
        note("no environment in this plan requires an approval")
    if as_json:
        print_json(approvals.to_dict()["items"])
    for approval in approvals:
        note(f"{approval.environment}: plan {approval.digest[:12]} approved by {approval} for {APPROVAL_HOURS} h")
    return 0
