"""A change set that would delete a bucket that is not empty can be created, and DescribeEvents warns about it.

Reason: ministack never warns. On AWS, the warning is the only sign before the deletion of the bucket fails, after the
update itself has finished.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html (WARN mode);
text: https://github.com/aws-cloudformation/rain/pull/744
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .early_events import event, validate
from .names import load, original

__all__ = ["patch"]

_BUCKET = "AWS::S3::Bucket"
_NOT_EMPTY = (
    "The bucket '{name}' is not empty. You must either delete all objects and versions or use the deletion policy to "
    "retain it, otherwise the delete operation will fail."
)


def patch() -> None:
    """Check each new change set."""
    validate(lambda change_set, stack: [_event(change_set, *one) for one in _full(change_set, stack)])


def _full(change_set: Mapping[str, Any], stack: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Logical id and name of each bucket that is not empty and would be deleted."""
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
    return event(
        change_set,
        logical_id,
        OperationStatus="SUCCEEDED",
        PhysicalResourceId=name,
        ResourceType=_BUCKET,
        ValidationFailureMode="WARN",
        ValidationName="BUCKET_EMPTINESS_VALIDATION",
        ValidationStatusReason=_NOT_EMPTY.format(name=name),
    )
