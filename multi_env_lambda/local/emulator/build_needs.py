"""A build has only what its role may do, before any line of the build spec runs: its log, and the repository.

Reason: ministack asks no role; here the log is written, and the repository cloned, by the local cloud itself.
Source: https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html and
https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html (GitPull)
Text: aws-ia/terraform-aws-control_tower_account_factory#72 ("does not allow AWS CodeBuild to create Amazon CloudWatch
Logs log streams for build")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import load, original
from .role_rights import may

__all__ = ["refusal"]

_LOG = (
    "ACCESS_DENIED: Service role {role} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for "
    "build {build}. Error message: not authorized to perform: {action} on resource: {resource}"
)
_PULL = "CLIENT_ERROR: unable to access '{address}': error: 403: {role} may not {action} on {resource}"
_ON_AWS = "https://git-codecommit."


def refusal(build: Mapping[str, Any], project: Mapping[str, Any]) -> tuple[str, str]:
    """The phase that fails and why; empty if the role has what it needs. A role that is not there is not asked."""
    role = str(project.get("serviceRole", ""))
    roles = original(load("ministack.services.iam"), "_roles")
    if role.count(":") < 5 or roles.get_scoped(role.split(":")[4], None, role.rpartition("/")[2]) is None:
        return "", ""
    place = ":".join(str(build["arn"]).split(":")[3:5])
    group = str(build["logs"]["groupName"])
    if _is_set_up(group):
        stream = f"arn:aws:logs:{place}:log-group:{group}:log-stream:{build['logs']['streamName']}"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not may(role, action, stream):
                return "PROVISIONING", _LOG.format(role=role, build=build["arn"], action=action, resource=stream)
    source = project.get("source") or {}
    address = str(source.get("location", ""))
    if source.get("type") == "CODECOMMIT" and address.startswith(_ON_AWS):
        repository = f"arn:aws:codecommit:{place}:{address.rpartition('/')[2]}"
        if not may(role, "codecommit:GitPull", repository):
            told = {"role": role, "address": address, "action": "codecommit:GitPull", "resource": repository}
            return "DOWNLOAD_SOURCE", _PULL.format(**told)
    return "", ""


def _is_set_up(group: str) -> bool:
    """Whether somebody has made the log, and said how long it stays: one that the local cloud made of itself is its
    own."""
    groups = original(load("ministack.services.cloudwatch_logs"), "_log_groups")
    return bool((groups.get(group) or {}).get("retentionInDays"))
