"""An update has events only for the resources that it changes.

Reason: ministack emits ``UPDATE_IN_PROGRESS`` and ``UPDATE_COMPLETE`` for each resource in the stack, so the events
could not show whether an unchanged resource was touched.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html ("CloudFormation
doesn't interrupt resources that haven't changed").
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["patch"]

_STARTED = "UPDATE_IN_PROGRESS"

_unchanged: ContextVar[frozenset[str]] = ContextVar("unchanged", default=frozenset())
"""Logical ids of what the running operation has found to be as it was; each operation is a task of its own."""


def patch() -> None:
    """Remove the start event of a resource that does not change, and emit no end event."""
    deployment = load("ministack.services.cloudformation.stacks")
    change, add = original(deployment, "_update_resource"), original(deployment, "_add_event")
    events = original(load("ministack.services.cloudformation"), "_stack_events")

    def changed(kind: str, physical_id: str, old: Any, new: Any, stack_name: str, logical_id: str, *more: Any) -> Any:
        if old == new:
            _unchanged.set(_unchanged.get() | {logical_id})
        return change(kind, physical_id, old, new, stack_name, logical_id, *more)

    def added(stack_id: str, stack_name: str, logical_id: str, kind: str, status: str, *args: Any, **more: Any) -> None:
        if status != "UPDATE_COMPLETE" or logical_id not in _unchanged.get() or kind == "AWS::CloudFormation::Stack":
            add(stack_id, stack_name, logical_id, kind, status, *args, **more)
            return
        _unchanged.set(_unchanged.get() - {logical_id})
        told = events[stack_id]
        for index in range(len(told) - 1, -1, -1):
            if told[index]["LogicalResourceId"] == logical_id and told[index]["ResourceStatus"] == _STARTED:
                del told[index]
                return

    deployment._update_resource, deployment._add_event = changed, added
