"""An update of something that was deleted by hand fails: handlers change what is there, and make nothing in its place.

What does not change is not looked at, what is replaced is made anew, and what is deleted may be gone already.
Reason: ministack makes the thing again and the update succeeds, so that a release here mends what it cannot on AWS.
Source: https://repost.aws/knowledge-center/failing-stack-updates-deleted and "update handlers" in
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html (NotFound)
A type that neither ministack's drift detection nor the table below reads is updated as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_NOT_FOUND = (
    "Resource handler returned message: \"Resource of type '{kind}' with identifier '{name}' was not found.\" "
    "(RequestToken: 0, HandlerErrorCode: NotFound)"
)
_Properties = Mapping[str, Any]
_IsThere = Callable[[str, _Properties], bool]


def patch() -> None:
    """Look before something is changed in place; a rollback leaves what failed as it is."""
    deployment = load("ministack.services.cloudformation.stacks")
    change, replaces = original(deployment, "_update_resource"), original(deployment, "_replacing_change")

    def changed(kind: str, physical_id: str, old: Any, new: Any, *more: Any) -> Any:
        if old != new and not replaces(kind, old, new) and not _is_there(kind, physical_id, old):
            raise ValueError(_NOT_FOUND.format(kind=kind, name=physical_id))
        return change(kind, physical_id, old, new, *more)

    deployment._update_resource = changed


def _is_there(kind: str, physical_id: str, properties: _Properties) -> bool:
    if kind in _THERE:
        return _THERE[kind](physical_id, properties)
    readers = original(load("ministack.services.cloudformation.drift"), "_DRIFT_READERS")
    return kind not in readers or readers[kind][0](physical_id, properties) is not None


def _in(service: str, store: str) -> _IsThere:
    return lambda physical_id, _: physical_id in original(load(f"ministack.services.{service}"), store)


def _of_function(part: str) -> _IsThere:
    """A part of a function that its name or ARN ends with, such as an alias."""

    def is_there(physical_id: str, _: _Properties) -> bool:
        functions = load("ministack.services.lambda_svc")
        name, qualifier = functions._resolve_name_and_qualifier(physical_id)
        found = original(functions, "_functions").get(name)
        return found is not None and (qualifier or "") in (found.get(part) or {})

    return is_there


def _schedule(physical_id: str, properties: _Properties) -> bool:
    group = properties.get("GroupName") or "default"
    return f"{group}/{physical_id}" in original(load("ministack.services.scheduler"), "_schedules")


_THERE: Mapping[str, _IsThere] = {
    "AWS::CloudWatch::Alarm": _in("cloudwatch", "_alarms"),
    "AWS::Glue::Job": _in("glue", "_jobs"),
    "AWS::Glue::Trigger": _in("glue", "_triggers"),
    "AWS::IAM::ManagedPolicy": _in("iam", "_policies"),
    "AWS::Lambda::Alias": _of_function("aliases"),
    "AWS::Lambda::EventInvokeConfig": _of_function("event_invoke_configs"),
    "AWS::Lambda::EventSourceMapping": _in("lambda_svc", "_esms"),
    "AWS::Lambda::Url": _in("lambda_svc", "_function_urls"),
    "AWS::Scheduler::Schedule": _schedule,
}
"""By type: whether a physical id is there. Versions, layers and permissions are replaced, never updated."""
