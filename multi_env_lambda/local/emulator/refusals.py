"""What AWS refuses and ministack accepts: a function name that is taken, and creating a stack over a failed creation.

Reason: two units that collide would silently take over each other's function, and code that forgets to delete a stack
in ROLLBACK_COMPLETE would work only here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch"]

_FUNCTION = "AWS::Lambda::Function"
_NAME_IS_TAKEN = (
    'Resource handler returned message: "Function already exist: {name} (Service: Lambda, Status Code: 409)" '
    "(HandlerErrorCode: AlreadyExists)"
)
_CREATED_BEFORE = "Stack [{stack}] already exists and cannot be created again with the changeSet [{change_set}]"


def patch() -> None:
    """Put checks in front of three operations of CloudFormation."""
    handlers = load("ministack.services.cloudformation.handlers")
    actions = original(handlers, "_ACTION_HANDLERS")
    error, parameter = original(handlers, "_error"), original(handlers, "_p")
    actions["CreateStack"] = _unless_rolled_back(actions["CreateStack"], error, parameter)
    actions["CreateChangeSet"] = _unless_rolled_back(actions["CreateChangeSet"], error, parameter)
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    resources[_FUNCTION] = {**resources[_FUNCTION], "create": _unless_taken(resources[_FUNCTION]["create"])}


def _unless_rolled_back(
    operation: Callable[[Any], Any], error: Callable[..., Any], parameter: Callable[..., str]
) -> Callable[[Any], Any]:
    stacks = original(load("ministack.services.cloudformation"), "_stacks")

    def checked(params: Any) -> Any:
        name, change_set = parameter(params, "StackName"), parameter(params, "ChangeSetName")
        is_creation = not change_set or parameter(params, "ChangeSetType") == "CREATE"
        existing = stacks.get(name.split("/")[1] if name.startswith("arn:") else name) or {}
        if not is_creation or existing.get("StackStatus") != "ROLLBACK_COMPLETE":
            return operation(params)
        if change_set:
            return error("ValidationError", _CREATED_BEFORE.format(stack=name, change_set=change_set))
        return error("AlreadyExistsException", f"Stack [{name}] already exists")

    return checked


def _unless_taken(create: Callable[..., Any]) -> Callable[..., Any]:
    functions = original(load("ministack.services.lambda_svc"), "_functions")

    def checked(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = properties.get("FunctionName")
        if name and name in functions:
            raise ValueError(_NAME_IS_TAKEN.format(name=name))
        return create(logical_id, properties, stack_name)

    return checked
