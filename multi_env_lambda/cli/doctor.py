"""The verbs about identity and permissions: doctor, permissions."""

from __future__ import annotations

import json

import click

from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import json_option, local_option, note, open_workspace, out, print_json

__all__ = ["doctor_command", "permissions_command"]


@click.command("doctor")
@local_option
@json_option
def doctor_command(local: bool | None, as_json: bool) -> int:
    """Check this machine, your identity, the bucket and every account: what is missing, and how to fix it.

    Changes nothing. Exits with 1 if something is wrong.
    """
    from multi_env_lambda.show.doctor import doctor_table

    findings = open_workspace(local).doctor()
    if as_json:
        print_json(findings.to_dict()["items"])
    else:
        out(doctor_table(findings))
    return UnitsFailed.exit_code if any(finding.state == "problem" for finding in findings) else 0


@click.command("permissions")
@names_argument("place", metavar="ENVIRONMENT|devops|caller")
@json_option
def permissions_command(place: str, as_json: bool) -> int:
    """Print the IAM policies that a role needs, from the units' templates and the AWS calls of this library.

    `devops` is the role that writes artifacts and records, `caller` is the identity that runs the verbs. Nothing is
    built and AWS is not called, so no credentials are needed.
    """
    found = open_workspace(False).permissions(place)
    code = UnitsFailed.exit_code if found.unseen else 0
    if as_json:
        print_json(found.to_dict())
        return code
    for number, document in enumerate(found.policies, start=1):
        note(f"{found.role}: policy {number} of {len(found.policies)}")
        out(json.dumps(document, indent=2))
    for grant in found.grants:
        note(f"{grant.sid}: {', '.join(grant.verbs)}")
    for name in found.unknown:
        note(f"unknown: which actions CloudFormation calls for {name}; see `aws cloudformation describe-type`")
    for text in found.all_cautions:
        note(text)
    for text in found.unseen:
        note(f"not inspected, so permissions that only it needs are missing: {text}")
    return code
