"""The verbs about who one is and what one may do: doctor, permissions."""

from __future__ import annotations

import click

from multi_env_lambda.cli.output import json_option, local_option, open_workspace, out, print_json
from multi_env_lambda.errors import UnitsFailed

__all__ = ["doctor_command"]


@click.command("doctor")
@local_option
@json_option
def doctor_command(local: bool | None, as_json: bool) -> int:
    """Look at this machine, your identity, the bucket and every account: what is missing, and what repairs it.

    Nothing is changed. Ends with 1 if something is wrong.
    """
    from multi_env_lambda.show.doctor import doctor_table

    findings = open_workspace(local).doctor()
    if as_json:
        print_json([finding.to_document() for finding in findings])
    else:
        out(doctor_table(findings))
    return UnitsFailed.exit_code if any(finding.state == "problem" for finding in findings) else 0
