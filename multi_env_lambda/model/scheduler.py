"""Reads a schedule of EventBridge Scheduler.

Limits: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html and
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime

from multi_env_lambda.model.event_kinds import Declared, Event, Existing, SchedulerSchedule
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table, did_you_mean
from multi_env_lambda.model.schedule import hint_of_schedule, problem_with_schedule

__all__ = ["read_scheduler"]

_LONGEST_INPUT = 256 * 1024


def read_scheduler(table: Table, function: str, timeout: int) -> Event:
    elsewhere = {"window": "`window_minutes` is that of a schedule", "dead_letter_arn": "write `dead_letter_queue`"}
    table.allow(elsewhere=elsewhere)
    start, end = _time(table, "start"), _time(table, "end")
    if start is not None and end is not None and end <= start:
        table.refuse("end", f"found {end}; expected a time after `start`, {start}", hint="move one of them")
    return SchedulerSchedule(
        expression=_expression(table),
        time_zone=_time_zone(table),
        window_minutes=table.optional_number("window_minutes") or 0,
        start=start,
        end=end,
        retries=table.number("retries"),
        maximum_age=table.number("maximum_age"),
        dead_letter_queue=_queue(table),
        payload=_payload(table),
    )


def _expression(table: Table) -> str:
    expression = table.named("scheduler")
    if problem := problem_with_schedule(expression):
        hint = hint_of_schedule(expression, "in the time zone of `time_zone`")
        table.refuse("scheduler", f'found "{expression}"; {problem}', hint=hint)
    return expression


def _time_zone(table: Table) -> str:
    name = table.named_or("time_zone")
    known = zoneinfo.available_timezones() if name != "UTC" else set()
    if known and name not in known:  # a machine without any names leaves it to AWS
        table.wrong("time_zone", allowed="the name of a time zone of IANA", hint=_like(name, known))
    return name


def _like(name: str, known: set[str]) -> str:
    near = did_you_mean(name, known, listed=True)
    return near if near.endswith("?") else "for example `Europe/Berlin` or `America/New_York`"


def _time(table: Table, key: str) -> str | None:
    found = table.optional_named(key)
    if found is not None:
        try:
            datetime.fromisoformat(found)
        except ValueError:
            table.wrong(key, allowed=table.rule(key).allowed, hint="there is no such day or time")
    return found


def _queue(table: Table) -> Existing | Declared | None:
    if not table.has("dead_letter_queue"):
        return None
    name = table.text("dead_letter_queue")
    return Declared(key=name) if KEY.accepts(name) else Existing(identifier=table.named("dead_letter_queue"))


def _payload(table: Table) -> str | None:
    payload = table.optional_json("payload")
    size = 0 if payload is None else len(payload.encode("utf-8"))
    if size > _LONGEST_INPUT:
        what = f"found {size:,} bytes of JSON; the limit is {_LONGEST_INPUT:,}"
        table.refuse("payload", what, hint="store it in a parameter or an object, and refer to that in the payload")
    return payload
