"""Why a stack operation failed: the first causes among its events, without those that merely followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.wording import REPAIR_IT, Advice, advice, option

__all__ = ["StackEvent", "causes_of", "events_of", "first_causes", "hint_of", "last_operation"]

_FOLLOWERS = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")
_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
_GOING_BACK = frozenset({"ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"})
_STACK = "AWS::CloudFormation::Stack"
_OTHER_REGION = "the artifact bucket is in another region; Lambda takes code only from a bucket of its own region"
_HINTS = (
    (
        ("by stack policy",),
        "a stack policy protects them: see `aws cloudformation get-stack-policy`; remove the change from the unit, "
        "or let its owner allow it with `aws cloudformation set-stack-policy` and run the same command again",
    ),
    (
        ("The final policy size",),
        "a function's permissions are one policy, limited by Lambda to 20,480 bytes: move some of its events to "
        "another function, or merge event patterns",
    ),
    (
        ("less than or equal to 3008",),
        "a new account allows functions of up to 3,008 MB: set a smaller `memory_size`, or ask AWS Support for more",
    ),
    (
        ("CloudWatch Logs role ARN must be set",),
        "REST APIs write access logs with a role that the account has once in each region: set it with "
        "`aws apigateway update-account`, or remove `access_log` from [tool.multi_env_lambda.rest_api]",
    ),
    (
        ("You must wait 60 seconds after deleting a queue",),
        "SQS reserves a deleted queue's name for a minute; wait that long and run the same command again",
    ),
    (
        ("S3 Error Code: AccessDenied", "denied by S3"),
        "let the environment's account and role read the artifact bucket; the `bootstrap` verb sets both up",
    ),
    (("S3 Error Code: NoSuchKey",), "what was published is no longer in the bucket; publish and deploy again"),
    (("S3 Error Code: PermanentRedirect", "S3 Error Code: AuthorizationHeaderMalformed"), _OTHER_REGION),
    (
        ("is not authorized to perform", "AccessDenied", "not authorized"),
        "allow the environment's role this action, or remove from the unit what needs it",
    ),
    (
        ("not empty",),
        advice(
            "empty it and run the same command again, or keep it: `destroy` with `{}`",
            option("retain", "LOGICAL-ID"),
        ),
    ),
    (
        ("as it is in use by", "is imported by stack"),
        "first deploy the stacks that import it without that import, or with a different export",
    ),
    (
        ("already exported by stack",),
        "export it under a different name that contains the environment and the unit",
    ),
    (
        ("HandlerErrorCode: NotFound",),
        advice(
            "if it was deleted by hand, an update does not create it again: `{}` does; then run the same command again",
            REPAIR_IT,
        ),
    ),
    (
        ("already exists",),
        advice(
            "something with this name was created outside this stack; rename the unit or remove the other one; if the "
            "adoption of an old stack was interrupted, {} goes on with it",
            Advice("the same `adopt --stack` again", "the same `adopt_stack` again"),
        ),
    ),
    (("MalformedPolicy", "Syntax errors in policy"), "fix `policies` in the unit's pyproject.toml"),
    (
        ("LimitExceeded", "quota", "Rate exceeded"),
        "wait, or raise the quota in Service Quotas, then run the same command again",
    ),
)
_VALIDATION = "Call DescribeEvents"
"""Occurs in the reason of a stack whose template was refused before anything was changed."""
_ANY_HINT = "fix the cause and run the same command again; units that succeeded are not touched"


@attrs.frozen(kw_only=True)
class StackEvent:
    """One line of a stack's history. ``time`` is seconds since 1970 by CloudFormation's clock."""

    logical_id: str
    resource_type: str
    status: str
    reason: str
    time: float
    token: str
    physical_id: str
    stack_id: str

    @property
    def is_of_the_stack(self) -> bool:
        return self.resource_type == _STACK and self.physical_id == self.stack_id


def events_of(client: Any, stack_id: str) -> Iterator[StackEvent]:
    """All events of a stack, newest first; pages are read on demand."""
    token: dict[str, str] = {}
    while True:
        answer = client.describe_stack_events(StackName=stack_id, **token)
        yield from (_event(line) for line in answer["StackEvents"])
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def last_operation(newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The events of the latest operation, in the order in which they happened.

    A rollback belongs to the operation that it rolls back.
    """
    found: list[StackEvent] = []
    for event in newest_first:
        found.append(event)
        if event.is_of_the_stack and event.status in _STARTS:
            break
    return tuple(reversed(found))


def first_causes(operation: Iterable[StackEvent]) -> tuple[str, ...]:
    """One text per resource that failed by itself; the stack's own reason if no resource did.

    What concerns no resource (an export that others import) is said where CloudFormation starts to roll back.
    """
    events = [event for event in operation if event.reason]
    failed = [event for event in events if event.status.endswith("_FAILED")]
    causes = [event for event in failed if not event.is_of_the_stack and not _follows(event)]
    going_back = [event for event in events if event.is_of_the_stack and event.status in _GOING_BACK]
    named = causes or [event for event in failed if not _follows(event)] or failed or going_back
    texts = [f"{event.logical_id} ({event.resource_type}): {' '.join(event.reason.split())}" for event in named]
    return tuple(dict.fromkeys(texts))


def causes_of(client: Any, stack_id: str) -> tuple[str, ...]:
    """The first causes of a stack's latest operation."""
    causes = first_causes(last_operation(events_of(client, stack_id)))
    # Versions of boto3 before November 2025 do not know the call.
    if any(_VALIDATION in cause for cause in causes) and hasattr(client, "describe_events"):
        return _validation_causes(client, stack_id) or causes
    return causes


def _validation_causes(client: Any, stack_id: str) -> tuple[str, ...]:
    """What CloudFormation found wrong before changing anything; the stack's own events only point there.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    answer = client.describe_events(StackName=stack_id, Filters={"FailedEvents": True})
    found = [event for event in answer["OperationEvents"] if event.get("EventType") == "VALIDATION_ERROR"]
    if not found:
        return ()
    latest = max(found, key=lambda event: event["Timestamp"].timestamp()).get("OperationId")
    texts = [
        f"{event.get('LogicalResourceId', '')} ({event.get('ResourceType', '')}): {event['ValidationStatusReason']}"
        for event in found
        if event.get("OperationId") == latest and event.get("ValidationStatusReason")
    ]
    return tuple(dict.fromkeys(texts))


def hint_of(causes: Iterable[str]) -> str:
    """What to do about such causes, if their text is known; the first cause counts."""
    for cause in causes:
        for words, hint in _HINTS:
            if any(word in cause for word in words):
                return hint
    return _ANY_HINT


def _follows(event: StackEvent) -> bool:
    return event.reason.lower().startswith(_FOLLOWERS)


def _event(line: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        logical_id=line.get("LogicalResourceId", ""),
        resource_type=line.get("ResourceType", ""),
        status=line.get("ResourceStatus", ""),
        reason=line.get("ResourceStatusReason", ""),
        time=line["Timestamp"].timestamp(),
        token=line.get("ClientRequestToken", ""),
        physical_id=line.get("PhysicalResourceId", ""),
        stack_id=line["StackId"],
    )
