"""A deleted stack is found by its id, but no longer by its name.

Reason: for the name, ministack still returns the template, resources and events of the deleted stack, so it is mistaken
for an existing one.
Source: "Deleted stacks: You must specify the unique stack ID" at StackName in
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html, and the same in DescribeStacks,
DescribeStackEvents, DescribeStackResources and ListStackResources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch"]

_OPERATIONS = (
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResources",
    "GetTemplate",
    "ListStackResources",
)


def patch() -> None:
    """Wrap the operations in CloudFormation's action table; DescribeStacks does it already."""
    handlers = load("ministack.services.cloudformation.handlers")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    stacks, error = original(load("ministack.services.cloudformation"), "_stacks"), original(handlers, "_error")

    def for_those_there(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answered(params: Any) -> Any:
            name = parameter(params, "StackName")
            found = stacks.get(name) or {}
            if found.get("StackStatus") == "DELETE_COMPLETE":
                return error("ValidationError", f"Stack with id {name} does not exist")
            return run(params)

        return answered

    for name in _OPERATIONS:
        actions[name] = for_those_there(actions[name])
