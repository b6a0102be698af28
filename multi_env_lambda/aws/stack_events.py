"""Why a stack operation failed: the first causes among its events, without those that merely followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

__all__ = ["StackEvent", "events_of", "first_causes", "last_operation"]

_FOLLOWERS = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")
_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
_STACK = "AWS::CloudFormation::Stack"


@attrs.frozen(kw_only=True)
class StackEvent:
    """One line of a stack's history. ``time`` is seconds since 1970 by CloudFormation's clock."""

    logical_id: str
    resource_type: str
    status: str
    reason: str
    time: float
    token: str
    physical_id: str
    stack_id: str

    @property
    def is_of_the_stack(self) -> bool:
        return self.resource_type == _STACK and self.physical_id == self.stack_id


def events_of(client: Any, stack_id: str) -> Iterator[StackEvent]:
    """All events of a stack, newest first; pages are read as they are needed."""
    token: dict[str, str] = {}
    while True:
        answer = client.describe_stack_events(StackName=stack_id, **token)
        yield from (_event(line) for line in answer["StackEvents"])
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def last_operation(newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The events of the latest operation, in the order in which they happened.

    A rollback belongs to the operation that it rolls back.
    """
    found: list[StackEvent] = []
    for event in newest_first:
        found.append(event)
        if event.is_of_the_stack and event.status in _STARTS:
            break
    return tuple(reversed(found))


def first_causes(operation: Iterable[StackEvent]) -> tuple[str, ...]:
    """One text per resource that failed by itself; the stack's own reason where no resource did."""
    failed = [event for event in operation if event.status.endswith("_FAILED") and event.reason]
    causes = [event for event in failed if not event.is_of_the_stack and not _follows(event)]
    named = causes or [event for event in failed if not _follows(event)] or failed
    texts = [f"{event.logical_id} ({event.resource_type}): {' '.join(event.reason.split())}" for event in named]
    return tuple(dict.fromkeys(texts))


def _follows(event: StackEvent) -> bool:
    return event.reason.lower().startswith(_FOLLOWERS)


def _event(line: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        logical_id=line.get("LogicalResourceId", ""),
        resource_type=line.get("ResourceType", ""),
        status=line.get("ResourceStatus", ""),
        reason=line.get("ResourceStatusReason", ""),
        time=line["Timestamp"].timestamp(),
        token=line.get("ClientRequestToken", ""),
        physical_id=line.get("PhysicalResourceId", ""),
        stack_id=line["StackId"],
    )
