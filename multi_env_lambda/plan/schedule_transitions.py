"""What EventBridge Scheduler would refuse of a schedule that is made or changed now: one that would begin in the past.

Source: https://github.com/getmoto/moto/pull/8172 (the words of AWS, and five minutes)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from multi_env_lambda.plan.resources import resources_of

__all__ = ["has_schedules", "over_already"]

_KIND = "AWS::Scheduler::Schedule"
_LATE_SECONDS = 300


def has_schedules(template: str) -> bool:
    """Whether it matters for a template what time it is."""
    return f'"{_KIND}"' in template


def over_already(old: str | None, new: str | None, now: float) -> tuple[str, str] | None:
    """The first schedule that changes and whose start or end is over, and the way around it; None without one."""
    before = resources_of(old)
    for name, body in resources_of(new).items():
        properties = body.get("Properties", {})
        if body["Type"] != _KIND or before.get(name, {}).get("Properties") == properties:
            continue
        start, end = (_seconds(properties, key) for key in ("StartDate", "EndDate"))
        if end is not None and end <= now:
            return f"{name}: its end, {properties['EndDate']}, is over, so it would never call", "remove the event"
        if start is not None and start < now - _LATE_SECONDS:
            what = f"{name}: its start, {properties['StartDate']}, is over, and a schedule cannot begin in the past"
            return what, "remove `start`: it then begins with the deploy, or goes on as before"
    return None


def _seconds(properties: Mapping[str, Any], key: str) -> float | None:
    try:
        return datetime.fromisoformat(properties[key]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None  # not there, or computed
