"""CloudWatch shows what AWS services measured in a minute one minute after it has ended.

Reason: ministack shows a failed call at once, so a canary that looks too early would pass as one that waits.
Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html (one minute periods); how late they come is
not promised, one to two minutes after the call is usual
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["patch"]

_MINUTE = 60.0
_LATE_SECONDS = 60.0
_OWN = "AWS/"

_reading: ContextVar[bool] = ContextVar("reading", default=False)


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970. Measurements are stored as before, and shown late."""
    cloudwatch = load("ministack.services.cloudwatch")
    metrics = original(cloudwatch, "_metrics")

    class Late(type(metrics)):  # type: ignore[misc]
        def items(self) -> Any:
            found = list(super().items())
            if not _reading.get():
                return found
            return [(key, _shown(points, now()) if str(key[0]).startswith(_OWN) else points) for key, points in found]

    late = Late()
    late._data = metrics._data
    cloudwatch._metrics = late
    for name in ("_get_metric_statistics", "_get_metric_data", "_evaluate_alarm"):
        setattr(cloudwatch, name, _read(original(cloudwatch, name)))


def _shown(points: list[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    return [point for point in points if _minute_of(point) + _MINUTE + _LATE_SECONDS <= now]


def _minute_of(point: dict[str, Any]) -> float:
    return float(point["Timestamp"]) // _MINUTE * _MINUTE


def _read(operation: Callable[..., Any]) -> Callable[..., Any]:
    def reading(*args: Any, **kwargs: Any) -> Any:
        token = _reading.set(True)
        try:
            return operation(*args, **kwargs)
        finally:
            _reading.reset(token)

    return reading
