"""A caller who asks for a change set by its ARN has to be allowed to, on the change set or on its stack.

Reason: ministack asks on everything where a request names no stack. IAM knows change sets as resources of
``DescribeEvents`` (``changeset``, ``stack``), so that a role which has it for its stacks never reads why an early
validation failed; ``DescribeChangeSet``, ``ExecuteChangeSet`` and ``DeleteChangeSet`` it knows of stacks alone.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_OF_CHANGE_SETS = "DescribeEvents"


def patch() -> None:
    """Name the resource of a request to CloudFormation that has a change set and no stack."""
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
