"""Creating a change set fails if it would create something that exists already, and DescribeEvents says what.

Reason: ministack fails later, when the change set is executed, with a reason in the stack's events. On AWS, this is the
only explanation: the change set's status reason names no resource, and deleting the change set deletes its events.
Texts: https://github.com/serverless/serverless/issues/13248, aws-cdk-cli#1000 and #1461
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .early_events import event, validate
from .names import load, original

__all__ = ["patch"]

_REASON = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
_EXISTS = "Resource of type '{kind}' with identifier '{name}' already exists."


def patch() -> None:
    """Check each new change set."""
    validate(_refused)


def _refused(change_set: dict[str, Any], stack: Mapping[str, Any]) -> list[dict[str, Any]]:
    taken = _taken(change_set)
    if taken:
        change_set |= {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": _REASON}
    return [_event(change_set, *one) for one in taken]


def _taken(change_set: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Logical id, type and name of everything that would be created and exists already."""
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
    return event(
        change_set,
        logical_id,
        OperationStatus="FAILED",
        ResourceType=kind,
        ValidationFailureMode="FAIL",
        ValidationName="NAME_CONFLICT_VALIDATION",
        ValidationStatusReason=_EXISTS.format(kind=kind, name=name),
    )
