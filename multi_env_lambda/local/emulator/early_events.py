"""Findings of early validation are stored as events of the change set, where DescribeEvents returns them.

Reason: ministack stores no events of change sets.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["event", "validate"]

Event = dict[str, Any]

_ID = re.compile(r"<Id>([^<]+)</Id>")
_FOUND = "_found_early"


def validate(look: Callable[[dict[str, Any], dict[str, Any]], list[Event]]) -> None:
    """Call ``look`` for each new change set and its stack; DescribeEvents reports what it returns."""
    handlers = load("ministack.services.cloudformation.handlers")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    actions["CreateChangeSet"] = _validated(actions["CreateChangeSet"], look)
    actions["DescribeEvents"] = _of_change_sets(actions["DescribeEvents"], parameter)


def _validated(
    create: Callable[[Any], Any], look: Callable[[dict[str, Any], dict[str, Any]], list[Event]]
) -> Callable[[Any], Any]:
    cloudformation = load("ministack.services.cloudformation")
    made, stacks = original(cloudformation, "_change_sets"), original(cloudformation, "_stacks")

    def validated(params: Any) -> Any:
        answer = create(params)
        body = answer[2].decode("utf-8") if isinstance(answer[2], bytes) else answer[2]
        found = _ID.search(body) if answer[0] == 200 else None
        change_set = made.get(found[1]) if found else None
        stack = stacks.get(change_set["StackName"]) if change_set else None
        if not change_set or not stack:
            return answer
        failures = stack.get("_operation_events", []) if change_set["Status"] == "FAILED" else []
        events = look(change_set, stack)
        if events:
            stack["_operation_events"] = [*failures, *events]
            change_set[_FOUND] = True
        return answer

    return validated


def event(change_set: Mapping[str, Any], logical_id: str, **told: str) -> Event:
    """An event about one resource of the change set."""
    return {
        "EventId": str(uuid.uuid4()),
        "StackId": change_set["StackId"],
        "OperationId": str(uuid.uuid4()),
        "OperationType": "CREATE_CHANGESET",
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": logical_id,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ValidationStatus": "FAILED",
        "ValidationPath": f"/Resources/{logical_id}",
        **told,
    }


def _of_change_sets(describe: Callable[[Any], Any], parameter: Callable[..., str]) -> Callable[[Any], Any]:
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")

    def described(params: Any) -> Any:
        change_set = find(parameter(params, "ChangeSetName"), "")[1]
        if change_set and change_set.get(_FOUND):
            return describe({**params, "StackName": [change_set["StackId"]]})
        return describe(params)

    return described
