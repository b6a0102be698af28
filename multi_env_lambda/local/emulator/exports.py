"""CloudFormation neither changes nor deletes an export that another stack imports, and export names are unique.

Reason: ministack checks imports only when a stack is deleted, and keeps exports that a stack no longer has.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
Text: https://github.com/linz/geostore/issues/630, https://github.com/rlister/stax/issues/40 and
https://github.com/aws-solutions/aws-waf-security-automations/issues/268; of the first two: which events say it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_STACK = "AWS::CloudFormation::Stack"
_IN_USE = "Export {name} cannot be {done} as it is in use by {stacks}"
_TAKEN = "Export with name {name} is already exported by stack {stack}"


def patch() -> None:
    """Refuse it when a stack's outputs are computed, which is before anything in the update is final."""
    cloudformation = load("ministack.services.cloudformation")
    exports, stacks = original(cloudformation, "_exports"), original(cloudformation, "_stacks")
    imported = original(load("ministack.services.cloudformation.handlers"), "_imported_export_names")
    engine = load("ministack.services.cloudformation.stacks")
    resolve, add_event = original(engine, "_resolve_stack_outputs"), original(engine, "_add_event")

    def users(name: str, stack_id: str) -> list[str]:
        others = ((key, stack) for key, stack in stacks.items() if stack.get("StackId") != stack_id)
        return sorted(key for key, stack in others if _is_there(stack) and name in imported(stack, key))

    def resolved(*args: Any, **named: Any) -> Any:
        stack_id = args[-1]
        outputs, found = resolve(*args, **named)
        if (text := next(_refused(exports, found, stack_id, users), None)) is not None:
            raise ValueError(text)
        for name in _former(exports, stack_id) - found.keys():
            del exports[name]
        return outputs, found

    reasons: dict[str, str] = {}

    def added(*args: Any, **named: Any) -> Any:
        # CloudFormation says the reason where it begins to go back, and has no event of a failure before.
        stack_id, kind, status, reason = args[0], args[3], args[4], named.pop("reason", "") or "".join(args[5:6])
        if kind == _STACK and status.endswith("_FAILED") and reason.startswith("Export "):
            reasons[stack_id] = reason
            return
        if kind == _STACK and status.endswith("ROLLBACK_IN_PROGRESS"):
            reason = reasons.pop(stack_id, reason)
        add_event(*args[:5], reason, *args[6:], **named)

    engine._resolve_stack_outputs, engine._add_event = resolved, added


def _refused(
    exports: Mapping[str, Any], found: Mapping[str, Any], stack_id: str, users: Callable[[str, str], list[str]]
) -> Iterator[str]:
    for name, export in found.items():
        owner = exports.get(name, {**export, "StackId": stack_id})
        if owner["StackId"] != stack_id:
            yield _TAKEN.format(name=name, stack=owner["StackId"])
        elif owner["Value"] != export["Value"] and (by := users(name, stack_id)):
            yield _IN_USE.format(name=name, done="updated", stacks=", ".join(by))
    for name in _former(exports, stack_id) - found.keys():
        if by := users(name, stack_id):
            yield _IN_USE.format(name=name, done="deleted", stacks=", ".join(by))


def _is_there(stack: Mapping[str, Any]) -> bool:
    return "DELETE_COMPLETE" not in stack.get("StackStatus", "DELETE_COMPLETE")


def _former(exports: Mapping[str, Any], stack_id: str) -> set[str]:
    return {name for name, export in exports.items() if export["StackId"] == stack_id}
