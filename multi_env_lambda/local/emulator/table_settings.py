"""CloudFormation gives a table its backups and the attribute that expires, and DynamoDB changes little at once.

Reason: ministack's CloudFormation ignores ``PointInTimeRecoverySpecification`` and ``TimeToLiveSpecification``, changes
any number of indexes in one update, recreates an index with other keys, and changes what a stream tells.
Texts: https://github.com/aws/aws-cdk/issues/12246, https://github.com/hashicorp/terraform-provider-aws/issues/18402 and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .names import load, original

__all__ = ["patch"]

_TABLE = "AWS::DynamoDB::Table"


def patch() -> None:
    """Wrap what creates and updates a table for a stack."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers[_TABLE]
    handlers[_TABLE] = {**steps, "create": _created(steps["create"]), "update": _updated(steps["update"])}


def _created(create: Any) -> Any:
    def created(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, props, stack_name)
        _set(name, {}, props)
        return name, attributes

    return created


def _updated(update: Any) -> Any:
    def updated(physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: Any, **named: Any) -> Any:
        for problem in _problems(physical_id, old, new):
            raise ValueError(problem)
        found = update(physical_id, old, new, *more, **named)
        _set(found[0] if isinstance(found, tuple) else physical_id, old, new)
        return found

    return updated


def _set(name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    dynamodb = load("ministack.services.dynamodb")
    original(dynamodb, "_update_continuous_backups")(
        {
            "TableName": name,
            "PointInTimeRecoverySpecification": new.get("PointInTimeRecoverySpecification", {}),
        }
    )
    expires, before = new.get("TimeToLiveSpecification"), old.get("TimeToLiveSpecification")
    if expires or before:
        wanted = expires or {**(before or {}), "Enabled": False}
        original(dynamodb, "_update_ttl")({"TableName": name, "TimeToLiveSpecification": wanted})


def _problems(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    if old.get("TableName") != new.get("TableName"):
        return  # another table
    before, after = (
        {index["IndexName"]: index for index in each.get("GlobalSecondaryIndexes", [])} for each in (old, new)
    )
    if len(before.keys() ^ after.keys()) > 1:
        yield "Cannot perform more than one GSI creation or deletion in a single update"
    for index in before.keys() & after.keys():
        if any(before[index].get(key) != after[index].get(key) for key in ("KeySchema", "Projection")):
            yield (
                "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights "
                "Specification. You can create a new GSI with a different name."
            )
    streams = [(each.get("StreamSpecification") or {}).get("StreamViewType") for each in (old, new)]
    if all(streams) and streams[0] != streams[1]:
        yield f"Table already has an enabled stream: TableName: {name}"
    ends = [each.get("TimeToLiveSpecification") or {} for each in (old, new)]
    if all(each.get("Enabled") for each in ends) and ends[0]["AttributeName"] != ends[1]["AttributeName"]:
        current = ends[0]["AttributeName"]
        yield f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
