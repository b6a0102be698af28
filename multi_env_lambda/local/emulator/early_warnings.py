"""A change set that removes a bucket which is not empty is made, and DescribeEvents warns of the bucket.

Reason: ministack warns of nothing. On AWS the warning is all that is said before the deletion of the bucket fails, when
the update itself is over.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html (WARN mode);
text: https://github.com/aws-cloudformation/rain/pull/744
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_BUCKET = "AWS::S3::Bucket"
_NOT_EMPTY = (
    "The bucket '{name}' is not empty. You must either delete all objects and versions or use the deletion policy to "
    "retain it, otherwise the delete operation will fail."
)
_ID = re.compile(r"<Id>([^<]+)</Id>")
_WARNED = "_warned_early"


def patch() -> None:
    """Look at each change set that was made, and let DescribeEvents be asked about it."""
    handlers = load("ministack.services.cloudformation.handlers")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    actions["CreateChangeSet"] = _validated(actions["CreateChangeSet"])
    actions["DescribeEvents"] = _of_change_sets(actions["DescribeEvents"], parameter)


def _validated(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    cloudformation = load("ministack.services.cloudformation")
    made, stacks = original(cloudformation, "_change_sets"), original(cloudformation, "_stacks")

    def validated(params: Any) -> Any:
        answer = create(params)
        body = answer[2].decode("utf-8") if isinstance(answer[2], bytes) else answer[2]
        found = _ID.search(body) if answer[0] == 200 else None
        change_set = made.get(found[1]) if found else None
        stack = stacks.get(change_set["StackName"]) if change_set else None
        warnings = [_event(change_set, *one) for one in _full(change_set, stack)] if stack and change_set else []
        if change_set and stack and warnings:
            failures = stack.get("_operation_events", []) if change_set["Status"] == "FAILED" else []
            stack["_operation_events"] = [*failures, *warnings]
            change_set[_WARNED] = True
        return answer

    return validated


def _full(change_set: Mapping[str, Any], stack: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Logical id and name of each bucket with something in it that would be deleted."""
    buckets = original(load("ministack.services.s3"), "_buckets")
    before = (stack.get("_template") or {}).get("Resources", {})
    for change in change_set["Changes"]:
        told = change.get("ResourceChange", change)
        logical_id, name = told.get("LogicalResourceId", ""), told.get("PhysicalResourceId", "")
        goes = told.get("Action") == "Remove" or told.get("Replacement") == "True"
        policy = "DeletionPolicy" if told.get("Action") == "Remove" else "UpdateReplacePolicy"
        is_kept = before.get(logical_id, {}).get(policy, "Delete") != "Delete"
        if told.get("ResourceType") == _BUCKET and goes and not is_kept and (buckets.get(name) or {}).get("objects"):
            yield logical_id, name


def _event(change_set: Mapping[str, Any], logical_id: str, name: str) -> dict[str, Any]:
    return {
        "EventId": str(uuid.uuid4()),
        "StackId": change_set["StackId"],
        "OperationId": str(uuid.uuid4()),
        "OperationType": "CREATE_CHANGESET",
        "OperationStatus": "SUCCEEDED",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": name,
        "ResourceType": _BUCKET,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ValidationFailureMode": "WARN",
        "ValidationName": "BUCKET_EMPTINESS_VALIDATION",
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": _NOT_EMPTY.format(name=name),
        "ValidationPath": f"/Resources/{logical_id}",
    }


def _of_change_sets(describe: Callable[[Any], Any], parameter: Callable[..., str]) -> Callable[[Any], Any]:
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")

    def described(params: Any) -> Any:
        change_set = find(parameter(params, "ChangeSetName"), "")[1]
        if change_set and change_set.get(_WARNED):
            return describe({**params, "StackName": [change_set["StackId"]], "ChangeSetName": [""]})
        return describe(params)

    return described
