"""A stack policy decides which resources an update may modify, replace or delete.

Reason: ministack stores the policy but never evaluates it, so a forbidden update succeeds here.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
Texts: tests/aws/services/cloudformation/api/test_stack_policies.py of localstack/localstack (the beginnings); how a
statement is named there, counted from #0, is known of ``Update:Replace`` only.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .names import load, original

__all__ = ["patch", "refusal"]

_DENIED = "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{resource}]"
_NOT_ALLOWED = "Action not allowed by stack policy: no statement allows [{action}] for resource [{resource}]"


class _Update(NamedTuple):
    """For a stack with a policy; ``before`` are its resources by logical id."""

    policy: str
    before: Mapping[str, Any]


_update: ContextVar[_Update | None] = ContextVar("update", default=None)
"""None in a creation and in a rollback, which a policy does not concern."""


def refusal(policy: str, action: str, kind: str, logical_id: str) -> str:
    """Why a policy protects a resource from an update; empty if it does not. ``action`` is such as "Update:Modify"."""
    resource = f"LogicalResourceId/{logical_id}"
    about = [
        (number, statement)
        for number, statement in enumerate(_listed(json.loads(policy).get("Statement", [])))
        if _is_about(statement, action, kind, resource)
    ]
    for number, statement in about:
        if statement.get("Effect") == "Deny":
            return _DENIED.format(number=number, action=action, resource=resource)
    return "" if about else _NOT_ALLOWED.format(action=action, resource=resource)


def _is_about(statement: Mapping[str, Any], action: str, kind: str, resource: str) -> bool:
    return (
        _names(statement, "Action", action)
        and _names(statement, "Resource", resource)
        and all(
            any(fnmatchcase(kind, pattern) for pattern in _listed(block.get("ResourceType", [])))
            for block in statement.get("Condition", {}).values()
        )
    )


def _names(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """Whether an element or its opposite, such as ``NotResource``, matches a value."""
    patterns = _listed(statement.get(element, statement.get(f"Not{element}", [])))
    return any(fnmatchcase(value, pattern) for pattern in patterns) == (element in statement)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def patch() -> None:
    """Evaluate the policy before an update changes, replaces or deletes a resource."""
    deployment = load("ministack.services.cloudformation.stacks")
    change, replaces = original(deployment, "_update_resource"), original(deployment, "_replacing_change")

    def changed(kind: str, physical_id: str, old: Any, new: Any, stack: str, logical_id: str, *more: Any) -> Any:
        update = _update.get()
        if update is not None and old != new:
            action = "Update:Replace" if replaces(kind, old, new) else "Update:Modify"
            if why := refusal(update.policy, action, kind, logical_id):
                raise ValueError(why)
        return change(kind, physical_id, old, new, stack, logical_id, *more)

    deployment._update_resource = changed
    deployment._resolve_stack_outputs = _before_removals(deployment)
    deployment._roll_back_operation = _without_policy(original(deployment, "_roll_back_operation"))
    deploy = _with_policy(original(deployment, "_deploy_stack_async"))
    for name in ("stacks", "changesets", "handlers"):
        module = load(f"ministack.services.cloudformation.{name}")
        original(module, "_deploy_stack_async")
        module._deploy_stack_async = deploy


def _before_removals(deployment: Any) -> Callable[..., Any]:
    """The outputs are computed last, before anything is deleted."""
    resolve, tell = original(deployment, "_resolve_stack_outputs"), original(deployment, "_add_event")

    def resolved(outputs: Any, conditions: Any, left: Mapping[str, Any], *more: Any) -> Any:
        for logical_id, kind, why in _kept(_update.get(), left):
            name, stack_id = more[-2:]
            tell(stack_id, name, logical_id, kind, "UPDATE_FAILED", why)
            raise ValueError(f"The following resource(s) failed to update: [{logical_id}].")
        return resolve(outputs, conditions, left, *more)

    return resolved


def _kept(update: _Update | None, left: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Resources that are no longer in the template but protected: logical id, type, and why."""
    if update is None:
        return
    for logical_id in sorted(update.before.keys() - left.keys()):
        kind = update.before[logical_id]["ResourceType"]
        if why := refusal(update.policy, "Update:Delete", kind, logical_id):
            yield logical_id, kind, why


def _with_policy(deploy: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    stacks = original(load("ministack.services.cloudformation"), "_stacks")

    async def asked(name: str, *args: Any, **named: Any) -> Any:
        before = (named.get("previous_stack") or {}).get("_resources", {}) if named.get("is_update") else {}
        policy = stacks[name].get("_stack_policy", "")
        _update.set(_Update(policy, dict(before)) if policy and before else None)
        return await deploy(name, *args, **named)

    return asked


def _without_policy(roll_back: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def unasked(*args: Any, **named: Any) -> Any:
        _update.set(None)
        return await roll_back(*args, **named)

    return unasked
