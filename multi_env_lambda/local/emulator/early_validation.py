"""A change set that wants to make what is there already fails when it is made, and DescribeEvents says of what.

Reason: ministack fails later, when the change set is executed, with a cause in the stack's events. On AWS there is no
cause but this: the change set's reason names no resource, and who deletes it deletes the evidence.
Texts: https://github.com/serverless/serverless/issues/13248, aws-cdk-cli#1000 and #1461
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_REASON = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
_EXISTS = "Resource of type '{kind}' with identifier '{name}' already exists."
_ID = re.compile(r"<Id>([^<]+)</Id>")
_FAILED = "_failed_early"


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
        taken = _taken(change_set) if change_set else []
        if change_set and taken:
            change_set |= {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": _REASON, _FAILED: True}
            stacks[change_set["StackName"]]["_operation_events"] = [_event(change_set, *one) for one in taken]
        return answer

    return validated


def _taken(change_set: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Logical id, type and name of what would be made and is there."""
    if change_set["Status"] != "CREATE_COMPLETE" or change_set["ChangeSetType"] == "IMPORT":
        return []
    module = load("ministack.services.cloudformation.changesets")
    resolve, existing = original(module, "_resolve_props_for_diff"), original(module, "_existing_resources")
    where = (change_set["StackName"], change_set["StackId"])
    template = resolve(change_set["_template"], change_set["_resolved_params"], *where)
    return [
        (one["LogicalResourceId"], one["ResourceType"], "|".join(one["ResourceIdentifier"].values()))
        for one in existing(change_set["Changes"], template)
        if one["LogicalResourceId"] not in change_set["_import_existing"]
    ]


def _event(change_set: Mapping[str, Any], logical_id: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "EventId": str(uuid.uuid4()),
        "StackId": change_set["StackId"],
        "OperationId": str(uuid.uuid4()),
        "OperationType": "CREATE_CHANGESET",
        "OperationStatus": "FAILED",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ValidationFailureMode": "FAIL",
        "ValidationName": "NAME_CONFLICT_VALIDATION",
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": _EXISTS.format(kind=kind, name=name),
        "ValidationPath": f"/Resources/{logical_id}",
    }


def _of_change_sets(describe: Callable[[Any], Any], parameter: Callable[..., str]) -> Callable[[Any], Any]:
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")

    def described(params: Any) -> Any:
        change_set = find(parameter(params, "ChangeSetName"), "")[1]
        if change_set and change_set.get(_FAILED):
            return describe({**params, "StackName": [change_set["StackId"]]})
        return describe(params)

    return described
