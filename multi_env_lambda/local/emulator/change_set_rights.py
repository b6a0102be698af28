"""A call that names a change set by its ARN is authorised on the change set or on its stack.

Reason: ministack authorises such a call on ``*`` if it names no stack. In IAM, ``DescribeEvents`` can be granted on
change sets and stacks, so a role that has it for its stacks could never read here why an early validation failed;
``DescribeChangeSet``, ``ExecuteChangeSet`` and ``DeleteChangeSet`` are granted on stacks only.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_OF_CHANGE_SETS = "DescribeEvents"


def patch() -> None:
    """Determine the resource of a CloudFormation request that names a change set but no stack."""
    actions = load("ministack.core.iam_actions")
    resource = original(actions, "extract_resource_arn")
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")

    def found(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> Any:
        change_set = _one(query_params, "ChangeSetName") if service == "cloudformation" else ""
        if not change_set.startswith("arn:") or _one(query_params, "StackName"):
            return resource(service, method, path, headers, body, query_params, *more)
        if _one(query_params, "Action") == _OF_CHANGE_SETS:
            return change_set
        known = find(change_set, "")[1]
        return known["StackId"] if known else "*"

    actions.extract_resource_arn = found


def _one(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
