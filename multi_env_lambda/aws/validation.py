"""Why CloudFormation refused a change set before changing anything, or warns about it; only its own events say so.

Its reason names no resource, and deleting it deletes the evidence.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html,
https://github.com/serverless/serverless/issues/13248 and https://github.com/aws/aws-cdk-cli/issues/970
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, is_denied, text_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.record import PhysicalResource

__all__ = ["HINT", "Refusal", "may_warn", "refusal_of", "refused", "taken_in", "warnings_of"]

_OF_EACH_RELEASE = frozenset({"AWS::Lambda::LayerVersion", "AWS::Lambda::Version"})

_TAKEN = re.compile(r"Resource of type '(?P<type>[^']+)' with identifier '(?P<name>[^']+)' already exists")

_MET = re.compile(r"^(?P<logical>\w+) \((?P<type>AWS::(SNS::Topic|SQS::Queue))\): .*\bAlreadyExists\b")
_NAMES = (re.compile(r"identifier '([^']+)' already exists"), re.compile(r'message: "([\w.-]+) already exists'))
HINT = (
    "`plan` says whether it can be brought into the stack, and with which answer; or rename it here, or remove it there"
)


@attrs.frozen(kw_only=True)
class Refusal:
    """A text per cause, and what the change set wanted to create that already exists."""

    causes: tuple[str, ...]
    taken: tuple[PhysicalResource, ...] = ()


def refusal_of(client: Any, change_set_id: str, where: str, reason: str) -> Refusal:
    """The causes, as far as the change set has any; ``reason`` is its own.

    Raises:
        StackError: they may not be read; the change set is kept for somebody who may.
    """
    try:
        found = list(_events(client, change_set_id, Filters={"FailedEvents": True}))
    except aws_errors() as error:
        if not is_denied(error):
            return Refusal(causes=(reason,))
        what = f"the change set failed: {reason}; only its events say why, but they may not be read: {text_of(error)}"
        hint = f"allow the environment's role cloudformation:DescribeEvents, or see {_link(change_set_id)}"
        raise StackError(where, what, hint=hint) from error
    causes = _texts(event for event in found if event.get("ValidationFailureMode") != "WARN")
    return Refusal(causes=causes or (reason,), taken=tuple(filter(None, map(_taken, found))))


def may_warn(described: Mapping[str, Any]) -> bool:
    """Whether a change set may have warnings: it creates, replaces or removes something besides versions of code.

    Warnings are about buckets and repositories that are not empty, and about quotas; one more call for each changed
    line would be too many.

    Args:
        described: the response of DescribeChangeSet.
    """
    changes = [item.get("ResourceChange", {}) for item in described.get("Changes", ())]
    return bool(described.get("NextToken")) or any(
        change.get("Action") in ("Add", "Remove") or change.get("Replacement") in ("True", "Conditional")
        for change in changes
        if change.get("ResourceType") not in _OF_EACH_RELEASE
    )


def warnings_of(client: Any, change_set_id: str) -> tuple[str, ...]:
    """What CloudFormation warns about before it executes a change set that it does not refuse."""
    try:
        return _texts(event for event in _events(client, change_set_id) if event.get("ValidationFailureMode") == "WARN")
    except aws_errors() as error:
        # The change is allowed all the same.
        return (f"CloudFormation's warnings could not be read: {text_of(error)}",)


def _texts(events: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(event) for event in events if event.get("ValidationStatusReason")))


def refused(where: str, refusal: Refusal) -> StackError:
    """The error of a change set that was refused."""
    hint = "fix the unit's settings or its stack.py"
    if refusal.taken:
        hint = HINT
    error = StackError(where, f"the change set failed: {'; '.join(refusal.causes)}", hint=hint)
    error.taken = tuple((item.logical_id, item.type, item.physical_id) for item in refusal.taken)
    return error


def taken_in(causes: Iterable[str]) -> tuple[PhysicalResource, ...]:
    """The already existing queues and topics, which only their handlers detect, among the causes of a failure.

    Text: https://github.com/awslabs/fhir-works-on-aws-deployment/issues/754
    """
    met = ((_MET.match(cause), next(filter(None, (one.search(cause) for one in _NAMES)), None)) for cause in causes)
    return tuple(
        PhysicalResource(logical_id=found["logical"], type=found["type"], physical_id=name[1])
        for found, name in met
        if found and name
    )


def _events(client: Any, change_set_id: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """The events of its validation that failed, whatever follows from that."""
    # Versions of boto3 before November 2025 do not know the call.
    if not hasattr(client, "describe_events"):
        return
    more: dict[str, str] = {}
    while True:
        answer = client.describe_events(ChangeSetName=change_set_id, **asked, **more)
        yield from (event for event in answer["OperationEvents"] if event.get("EventType") == "VALIDATION_ERROR")
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _text(event: dict[str, Any]) -> str:
    return f"{event.get('LogicalResourceId', '')} ({event.get('ResourceType', '')}): {event['ValidationStatusReason']}"


def _taken(event: dict[str, Any]) -> PhysicalResource | None:
    found = _TAKEN.search(event.get("ValidationStatusReason", ""))
    if found is None:
        return None
    return PhysicalResource(
        logical_id=event.get("LogicalResourceId", ""), type=found["type"], physical_id=found["name"]
    )


def _link(change_set_id: str) -> str:
    """The page of the console; the ARN says the region."""
    region = change_set_id.split(":")[3]
    base = f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}"
    return f"{base}#/stacks/changesets/changes?changeSetId={quote(change_set_id, safe='')}"
