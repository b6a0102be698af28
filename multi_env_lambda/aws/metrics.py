"""What CloudWatch knows about a function's errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.alias import Counts

__all__ = ["alarmed", "counts"]

_PERIOD = 60
"""Seconds; Lambda's metrics have this resolution."""

_SKEW = timedelta(minutes=15)
"""More than a clock may be off before AWS refuses its signatures."""

_LONGEST = timedelta(hours=23)
"""One response has at most 1,440 points, with the skew on both sides; of a longer step, the last hours are read."""

_NAMES = 100
"""DescribeAlarms accepts this many names."""


def alarmed(client: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    """The alarms that are on.

    Raises:
        StackError: they cannot be read.
    """
    found: list[str] = []
    for first in range(0, len(names), _NAMES):
        try:
            answer = client.describe_alarms(AlarmNames=list(names[first : first + _NAMES]), StateValue="ALARM")
        except aws_errors() as error:
            raise _unreadable("alarms", error) from error
        found += [alarm["AlarmName"] for alarm in answer.get("MetricAlarms", [])]
    return tuple(sorted(found))


def counts(client: Any, function_name: str, alias: str, version: str, seconds: float) -> Counts:
    """Invocations and errors of one version behind an alias, in the minutes that began in the last ``seconds``.

    A minute that began earlier is left out, since only an unknown part of it counts. The last minutes are missing:
    CloudWatch shows a minute some time after it is over.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html (dimensions of an alias)

    Raises:
        StackError: the metrics cannot be read.
    """
    dimensions = {"FunctionName": function_name, "Resource": f"{function_name}:{alias}", "ExecutedVersion": version}
    here = datetime.now(UTC)
    wide = min(timedelta(seconds=max(seconds, 0)), _LONGEST) + _SKEW
    found = {}
    for name in ("Invocations", "Errors"):
        try:
            answer = client.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=name,
                Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
                StartTime=here - wide,
                EndTime=here + _SKEW,
                Period=_PERIOD,
                Statistics=["Sum"],
            )
        except aws_errors() as error:
            raise _unreadable(function_name, error) from error
        since = _now(answer, here) - timedelta(seconds=seconds)
        found[name] = round(sum(point["Sum"] for point in answer.get("Datapoints", []) if point["Timestamp"] >= since))
    return Counts(invocations=found["Invocations"], errors=found["Errors"])


def _now(answer: Any, here: datetime) -> datetime:
    """The time of CloudWatch. With a local clock that is minutes off, errors would be outside the requested range."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else here


def _unreadable(where: str, error: Exception) -> StackError:
    hint = "the role needs cloudwatch:DescribeAlarms and cloudwatch:GetMetricStatistics"
    return StackError(where, f"cannot be read in CloudWatch: {text_of(error)}", hint=hint)
