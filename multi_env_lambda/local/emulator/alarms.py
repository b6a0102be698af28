"""An alarm evaluates the metric with exactly its own dimensions, period by period, and treats missing data as
configured.

Reason: ministack pools the data points of all dimensions, so one failing function triggers the alarm of every function.
It ignores periods and missing data, and evaluates an alarm only when a metric or an alarm is put.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

CloudWatch looks at more periods than were requested and uses the newest ones that have data. Missing data is treated as
configured only if there are too few of them. A state that was set manually, or when the alarm was created, holds for a
minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch", "state_of"]

_MORE_PERIODS = 2
_HOLDS_SECONDS = 60
_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970. Alarms of one metric only; those over expressions are left as they are."""
    cloudwatch = load("ministack.services.cloudwatch")
    before, describe = original(cloudwatch, "_evaluate_alarm"), original(cloudwatch, "_describe_alarms")
    evaluate_all = original(cloudwatch, "_evaluate_all_alarms")
    for name in ("_metrics", "_calc_stats", "_stat_value", "_record_history"):
        original(cloudwatch, name)
    for name in ("_dispatch_alarm_actions", "_evaluate_parent_alarms", "_dims_key", "_dims_from_list"):
        original(cloudwatch, name)

    def evaluate(alarm: dict[str, Any]) -> None:
        if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in _BREACHES:
            before(alarm)
        elif now() >= alarm["StateUpdatedTimestamp"] + _HOLDS_SECONDS:
            _turn(cloudwatch, alarm, state_of(alarm, _breaches(cloudwatch, alarm, now())), int(now()))

    def described(*args: Any, **kwargs: Any) -> Any:
        evaluate_all()
        return describe(*args, **kwargs)

    cloudwatch._evaluate_alarm, cloudwatch._describe_alarms = evaluate, described


def state_of(alarm: Mapping[str, Any], breaches: list[bool | None]) -> str:
    """The state that follows from the periods in the evaluation range, newest first; None is a period without data."""
    wanted, treated = int(alarm.get("EvaluationPeriods") or 1), alarm.get("TreatMissingData") or "missing"
    enough = int(alarm.get("DatapointsToAlarm") or wanted)
    there = [breach for breach in breaches if breach is not None][:wanted]
    lacking = wanted - len(there)
    if not there and treated == "missing":
        return "INSUFFICIENT_DATA"
    if lacking and treated == "ignore" and (any(there) or not there):
        return str(alarm["StateValue"])
    if treated in ("missing", "ignore"):
        enough = min(enough, len(there))
    breaching = sum(there) + lacking * (treated == "breaching")
    return "ALARM" if breaching >= enough else "OK"


def _breaches(cloudwatch: Any, alarm: Mapping[str, Any], now: float) -> list[bool | None]:
    """The periods that have ended, newest first."""
    period = int(alarm.get("Period") or 60)
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    key = (alarm["Namespace"], alarm["MetricName"], dimensions)
    points = [point for found, points in cloudwatch._metrics.items() if found == key for point in points]
    end = now // period * period
    periods = int(alarm.get("EvaluationPeriods") or 1) + _MORE_PERIODS
    return [_breach(cloudwatch, alarm, points, end - count * period, period) for count in range(1, periods + 1)]


def _breach(
    cloudwatch: Any, alarm: Mapping[str, Any], points: list[dict[str, Any]], start: float, period: int
) -> bool | None:
    found = [point for point in points if start <= point["Timestamp"] < start + period]
    if not found:
        return None
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value = cloudwatch._stat_value(cloudwatch._calc_stats(found), statistic, found)
    return None if value is None else _BREACHES[alarm["ComparisonOperator"]](value, float(alarm.get("Threshold") or 0))


def _turn(cloudwatch: Any, alarm: dict[str, Any], state: str, now: int) -> None:
    was = alarm["StateValue"]
    if was == state:
        return
    reason = f"Threshold Crossed: {alarm['ComparisonOperator']} {alarm.get('Threshold')}, now {state}"
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=now)
    cloudwatch._record_history(alarm["AlarmName"], was, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, was, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)
