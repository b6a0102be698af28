"""What somebody changed by hand: CloudFormation's drift detection as plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, is_lost, is_throttled
from multi_env_lambda.aws.requests import stack_error
from multi_env_lambda.aws.stack_listing import unchecked_of
from multi_env_lambda.errors import StackError

__all__ = ["PropertyDifference", "ResourceDrift", "StackDrift", "detect_drift"]

_SLOWEST = 5.0


@attrs.frozen(kw_only=True)
class PropertyDifference:
    """One property: what the template says, and what it really is. ``kind`` is ADD, REMOVE or NOT_EQUAL."""

    path: str
    expected: str
    actual: str
    kind: str


@attrs.frozen(kw_only=True)
class ResourceDrift:
    """One resource that differs from the template. ``status`` is MODIFIED or DELETED.

    For a template that is not what was deployed, it may also be ADDED or REMOVED.
    """

    logical_id: str
    resource_type: str
    status: str
    differences: tuple[PropertyDifference, ...]


@attrs.frozen(kw_only=True)
class StackDrift:
    """A stack compared with its template. ``status`` is IN_SYNC, DRIFTED, NOT_CHECKED or UNKNOWN.

    ``unchecked``: resources as ``Name (type)``, of types that CloudFormation cannot read; it says nothing about them.
    """

    status: str
    resources: tuple[ResourceDrift, ...]
    unchecked: tuple[str, ...] = ()


def detect_drift(
    client: Any,
    stack_id: str,
    where: str,
    *,
    deadline: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> StackDrift:
    """Compare a stack with its template.

    Raises:
        StackError: the detection failed, is not allowed, or did not end before the deadline.
    """
    try:
        detection = client.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"]
    except aws_errors() as error:
        raise stack_error(where, error) from error
    pause = 0.2
    while True:
        answer = _status(client, detection, where)
        if answer.get("DetectionStatus") == "DETECTION_COMPLETE":
            drifted, unchecked = tuple(_drifted(client, stack_id, where)), unchecked_of(client, where, stack_id)
            return StackDrift(status=answer["StackDriftStatus"], resources=drifted, unchecked=unchecked)
        if answer.get("DetectionStatus") == "DETECTION_FAILED":
            what = f"the drift detection failed: {answer.get('DetectionStatusReason', 'no reason given')}"
            raise StackError(where, what, hint="does the role have read permission for every resource of the stack?")
        if clock() >= deadline:
            raise StackError(
                where, "the drift detection did not end before the deadline", hint="run the same command again"
            )
        sleep(pause)
        pause = min(_SLOWEST, pause * 1.5)


def _status(client: Any, detection: str, where: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        return answer
    except aws_errors() as error:
        if is_lost(error) or is_throttled(error):
            return {}
        raise stack_error(where, error) from error


def _drifted(client: Any, stack_id: str, where: str) -> Iterator[ResourceDrift]:
    token: dict[str, str] = {}
    while True:
        try:
            answer = client.describe_stack_resource_drifts(
                StackName=stack_id, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
            )
        except aws_errors() as error:
            raise stack_error(where, error) from error
        yield from (_resource(line) for line in answer["StackResourceDrifts"])
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _resource(line: Mapping[str, Any]) -> ResourceDrift:
    differences = tuple(
        PropertyDifference(
            path=difference["PropertyPath"],
            expected=difference["ExpectedValue"],
            actual=difference["ActualValue"],
            kind=difference["DifferenceType"],
        )
        for difference in line.get("PropertyDifferences", ())
    )
    return ResourceDrift(
        logical_id=line["LogicalResourceId"],
        resource_type=line["ResourceType"],
        status=line["StackResourceDriftStatus"],
        differences=differences,
    )
