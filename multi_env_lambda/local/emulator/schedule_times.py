"""When a schedule is due next, in the time of its zone.

A time that a change of the clock leaves out is skipped, and one that comes twice is taken once.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from typing import Any

from .names import load, original

__all__ = ["next_time"]

_MOST_SKIPPED = 4


def next_time(expression: str, zone: str, after: float) -> float | None:
    """In seconds since 1970, of ``cron(…)`` after that time, or of ``at(…)`` at all; None if there is none."""
    place = zoneinfo.ZoneInfo(zone)
    if expression.startswith("at("):
        try:
            moment = datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")"))
        except ValueError:
            return None
        return moment.replace(tzinfo=place).timestamp()
    events: Any = load("ministack.services.eventbridge")
    fields = original(events, "_parse_cron_fields")(expression)
    local = datetime.fromtimestamp(after, place)
    for _ in range(_MOST_SKIPPED if fields else 0):
        # In the time of the wall, so that an hour that comes twice is passed once.
        found = original(events, "_cron_next_fire")(fields, local.replace(tzinfo=UTC, fold=0))
        if found is None:
            return None
        wanted = found.replace(tzinfo=place)
        if wanted.timestamp() > after and _exists(wanted):
            return float(wanted.timestamp())
        local = found
    return None


def _exists(moment: datetime) -> bool:
    back = datetime.fromtimestamp(moment.timestamp(), moment.tzinfo)
    return back.replace(tzinfo=None, fold=0) == moment.replace(tzinfo=None, fold=0)
