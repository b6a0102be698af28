"""A stack that was deleted is found by its id, and no longer by its name.

Reason: ministack answers for the name with the template, the resources and the events of what is gone, so anyone who
looks takes a deleted stack for one that is there.
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
    """Wrap the operations in the table of CloudFormation's actions; DescribeStacks has the rule already."""
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
