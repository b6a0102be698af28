"""What CloudWatch knows of a function's errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from multi_env_lambda.aws.errors_of import aws_errors, text_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.plan.traffic import Counts

__all__ = ["alarmed", "counts"]

_PERIOD = 60
"""Seconds; Lambda's metrics have this resolution."""


def alarmed(client: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the alarms that are on.

    Raises:
        StackError: they cannot be read.
    """
    if not names:
        return ()
    try:
        answer = client.describe_alarms(AlarmNames=list(names), StateValue="ALARM")
    except aws_errors() as error:
        raise _unreadable("alarms", error) from error
    return tuple(sorted(alarm["AlarmName"] for alarm in answer.get("MetricAlarms", [])))


def counts(client: Any, function_name: str, alias: str, version: str, seconds: float) -> Counts:
    """Invocations and errors of one version behind an alias in the last ``seconds``.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html (dimensions of an alias)

    Raises:
        StackError: the metrics cannot be read.
    """
    end = datetime.now(UTC)
    start = end - timedelta(seconds=max(seconds, 0) + _PERIOD)
    dimensions = {"FunctionName": function_name, "Resource": f"{function_name}:{alias}", "ExecutedVersion": version}
    found = {}
    for name in ("Invocations", "Errors"):
        try:
            answer = client.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=name,
                Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
                StartTime=start,
                EndTime=end,
                Period=_PERIOD,
                Statistics=["Sum"],
            )
        except aws_errors() as error:
            raise _unreadable(function_name, error) from error
        found[name] = round(sum(point["Sum"] for point in answer.get("Datapoints", [])))
    return Counts(invocations=found["Invocations"], errors=found["Errors"])


def _unreadable(where: str, error: Exception) -> StackError:
    hint = "the role needs cloudwatch:DescribeAlarms and cloudwatch:GetMetricStatistics"
    return StackError(where, f"cannot be read in CloudWatch: {text_of(error)}", hint=hint)
