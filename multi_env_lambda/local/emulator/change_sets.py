"""A stack reports which change set it was last changed by, and can import an existing bucket that its change set names.

Reason: ministack omits ``ChangeSetId`` in DescribeStacks, so it cannot be seen whether somebody else has changed the
stack since; and its check of bucket names refuses the very bucket that ``ImportExistingResources`` found.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["patch"]

_KEPT_AS = "_executed_change_set"
_STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>")

_imported: ContextVar[frozenset[str]] = ContextVar("imported", default=frozenset())
"""Logical ids of what the running operation imports; each operation is a task with a context of its own."""


def patch() -> None:
    """Wrap the operations in CloudFormation's action table, and its deployment."""
    cloudformation = load("ministack.services.cloudformation")
    handlers = load("ministack.services.cloudformation.handlers")
    change_sets = load("ministack.services.cloudformation.changesets")
    stacks = original(cloudformation, "_stacks")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    find = original(change_sets, "_find_change_set")
    actions["ExecuteChangeSet"] = _remembering(actions["ExecuteChangeSet"], stacks, find, parameter)
    actions["DescribeStacks"] = _telling(actions["DescribeStacks"], stacks)
    _patch_imports()


def _remembering(
    execute: Callable[[Any], Any], stacks: Any, find: Callable[[str, str], Any], parameter: Callable[..., str]
) -> Callable[[Any], Any]:
    def remember(params: Any) -> Any:
        change_set_id, change_set = find(parameter(params, "ChangeSetName"), parameter(params, "StackName"))
        answer = execute(params)
        stack = stacks.get(change_set["StackName"]) if change_set else None
        if stack is not None and answer[0] == 200:
            stack[_KEPT_AS] = change_set_id
        return answer

    return remember


def _telling(describe: Callable[[Any], Any], stacks: Any) -> Callable[[Any], Any]:
    def tell(params: Any) -> Any:
        status, headers, body = describe(params)
        known = {stack["StackId"]: stack[_KEPT_AS] for stack in stacks.values() if _KEPT_AS in stack}

        def with_change_set(found: re.Match[str]) -> str:
            change_set = known.get(found[1])
            return found[0] + (f"<ChangeSetId>{change_set}</ChangeSetId>" if change_set else "")

        text = body.decode("utf-8") if isinstance(body, bytes) else body
        return status, headers, _STACK_ID.sub(with_change_set, text).encode("utf-8")

    return tell


def _patch_imports() -> None:
    deployment = load("ministack.services.cloudformation.stacks")
    errors = original(deployment, "_validation_errors")
    deploy = _naming_imports(original(deployment, "_deploy_stack_async"))
    deployment._validation_errors = lambda *args, **kwargs: [
        error for error in errors(*args, **kwargs) if error[0] not in _imported.get()
    ]
    for module in ("stacks", "changesets", "handlers"):
        place = load(f"ministack.services.cloudformation.{module}")
        if hasattr(place, "_deploy_stack_async"):
            place._deploy_stack_async = deploy


def _naming_imports(deploy: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def named(*args: Any, imports: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        _imported.set(frozenset(imports or ()))
        return await deploy(*args, imports=imports, **kwargs)

    return named
