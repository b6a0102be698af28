"""EventBridge Scheduler keeps to its limits, takes all of a template, and calls in its role at the local time.

Reason: ministack accepts any schedule, loses time zone, start and end of a template, reads every expression in UTC, and
calls without a role. What it could not deliver is lost. Its clock is this machine's.

It calls as late as a flexible window allows, and does not try again: what fails goes to the dead-letter queue at once.
Sources: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (rates begin at once, daylight saving) and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html (the role sends to the queue)
Text: getmoto/moto#8172 (of a start that is over), localstack/localstack#9284 (of expressions); of the others none is
known, nor whether an end that is over is refused.
"""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .function_roles import trusts
from .names import load, original
from .role_rights import may
from .schedule_times import next_time

__all__ = ["patch"]

_KIND = "AWS::Scheduler::Schedule"
_RANGES = {
    ("FlexibleTimeWindow", "MaximumWindowInMinutes"): (1, 1440),
    ("RetryPolicy", "MaximumEventAgeInSeconds"): (60, 86_400),
    ("RetryPolicy", "MaximumRetryAttempts"): (0, 185),
}
_LONGEST_INPUT = 256 * 1024
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]+")
_CALLS = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}
_LATE_SECONDS = 300.0
_IN_A_STACK = "{text} (Service: Scheduler, Status Code: 400)"


def patch(now: Callable[[], float]) -> None:
    """Comes before the rules that look at what CloudFormation is about to make; ``now`` is in seconds since 1970."""
    scheduler = load("ministack.services.scheduler")
    for name in ("_create_schedule", "_update_schedule"):
        setattr(scheduler, name, _checked(original(scheduler, name), now))
    original(scheduler, "_now")
    scheduler._now = now
    original(scheduler, "_SCHEDULE_TICK_INTERVAL")
    scheduler._SCHEDULE_TICK_INTERVAL = 1
    original(scheduler, "_tick_schedules")
    scheduler._tick_schedules = lambda: _tick(now())
    provisioners = load("ministack.services.cloudformation.provisioners")
    steps = original(provisioners, "_RESOURCE_HANDLERS")[_KIND]
    original(provisioners, "_physical_name")

    def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        name = properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=64)
        _take(scheduler._create_schedule, name, properties)
        return name, _attributes(name, properties)

    def update(name: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str) -> Any:
        if (new.get("Name", name), new.get("GroupName")) != (name, old.get("GroupName")):
            return create(name, new, stack)
        _take(scheduler._update_schedule, name, new)
        return name, _attributes(name, new)

    provisioners._RESOURCE_HANDLERS[_KIND] = {**steps, "create": create, "update": update}


def _take(call: Callable[..., Any], name: str, properties: Mapping[str, Any]) -> None:
    status, _, body = call(name, {key: value for key, value in properties.items() if key != "Name"})
    if status != 200:
        raise ValueError(_IN_A_STACK.format(text=_message(body)))


def _message(body: bytes | str) -> str:
    found = json.loads(body)
    return str(found.get("Message") or found.get("message"))


def _attributes(name: str, properties: Mapping[str, Any]) -> dict[str, str]:
    scheduler = load("ministack.services.scheduler")
    return {"Arn": scheduler._schedule_arn(properties.get("GroupName", "default"), name)}


# --- what is refused ---
def _checked(take: Callable[..., Any], now: Callable[[], float]) -> Callable[..., Any]:
    def checked(name: str, body: Mapping[str, Any]) -> Any:
        problem = next(_problems(body, now()), None)
        refuse = load("ministack.services.scheduler")._error
        return take(name, body) if problem is None else refuse(400, "ValidationException", problem)

    return checked


def _problems(body: Mapping[str, Any], now: float) -> Iterator[str]:
    expression, zone = str(body.get("ScheduleExpression")), str(body.get("ScheduleExpressionTimezone") or "UTC")
    known = zoneinfo.available_timezones()
    if known and zone not in known:
        yield f"The ScheduleExpressionTimezone {zone} is not valid."
        return
    if not _is_expression(expression, now):
        yield f"Invalid Schedule Expression {expression}."
    yield from _of_numbers(body)
    yield from _of_times(body, now)
    target = body.get("Target") or {}
    dead = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead is not None and not _QUEUE.fullmatch(str(dead)):
        yield f"Value '{dead}' at 'target.deadLetterConfig.arn' failed to satisfy constraint: {_QUEUE.pattern}"
    yield from _of_input(target)


def _is_expression(expression: str, now: float) -> bool:
    events, scheduler = load("ministack.services.eventbridge"), load("ministack.services.scheduler")
    once, rate = scheduler._at_time_epoch(expression), events._parse_rate_seconds(expression)
    return once is not None or bool(rate) or next_time(expression, "UTC", now) is not None


def _of_numbers(body: Mapping[str, Any]) -> Iterator[str]:
    window = body.get("FlexibleTimeWindow") or {}
    if (window.get("Mode") == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        yield "MaximumWindowInMinutes is required for the mode FLEXIBLE, and allowed for no other."
    retries = (body.get("Target") or {}).get("RetryPolicy") or {}
    for (holder, name), (least, most) in _RANGES.items():
        value = (window if holder == "FlexibleTimeWindow" else retries).get(name)
        if value is not None and not least <= int(value) <= most:
            yield f"Value '{value}' at '{name}' failed to satisfy constraint: from {least} to {most}"


def _of_times(body: Mapping[str, Any], now: float) -> Iterator[str]:
    if str(body.get("ScheduleExpression")).startswith("at("):
        return
    scheduler = load("ministack.services.scheduler")
    start, end = (scheduler._to_epoch(body.get(name)) for name in ("StartDate", "EndDate"))
    if start is not None and start < now - _LATE_SECONDS:
        yield "The StartDate you specify cannot be earlier than 5 minutes ago."
    if end is not None and end <= max(now, start or 0.0):
        yield "The EndDate you specify must come after the StartDate and the current time."


def _of_input(target: Mapping[str, Any]) -> Iterator[str]:
    given = target.get("Input")
    if given is None:
        return
    if len(str(given).encode("utf-8")) > _LONGEST_INPUT:
        yield f"Input is longer than {_LONGEST_INPUT} bytes."
    if any(f":{service}:" in str(target.get("Arn")) for service in ("lambda", "states")):
        try:
            json.loads(given)
        except ValueError:
            yield "Input must be a well-formed JSON."


# --- what is called ---
def _tick(now: float) -> None:
    """Every schedule that is due; several times that were missed are one call."""
    scheduler, responses = load("ministack.services.scheduler"), load("ministack.core.responses")
    before = responses.get_account_id(), responses.get_region()
    try:
        for place, schedule in list(scheduler._schedules._data.items()):
            due = _due(place, schedule, now)
            if due is not None:
                scheduler._schedule_last_fired[place] = now
                responses.set_request_account_id(place[0])
                responses.set_request_region(place[1])
                _call(schedule, due)
                _forget_after(place, schedule)
    finally:
        responses.set_request_account_id(before[0])
        responses.set_request_region(before[1])


def _due(place: Any, schedule: Mapping[str, Any], now: float) -> float | None:
    """The time for which it is called now; None if it is not."""
    scheduler, events = load("ministack.services.scheduler"), load("ministack.services.eventbridge")
    expression, zone = schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone") or "UTC"
    start, end = (scheduler._to_epoch(schedule.get(name)) for name in ("StartDate", "EndDate"))
    fired = scheduler._schedule_last_fired.get(place)
    fired = None if fired is None or fired < schedule["CreationDate"] else fired  # of one with the same name
    began = max(schedule["CreationDate"], start or 0.0)
    rate = events._parse_rate_seconds(expression)
    if expression.startswith("at("):
        due = None if fired is not None else next_time(expression, zone, now)
        start = end = None
    elif rate is not None:
        due = began if fired is None else fired + rate
    else:
        due = next_time(expression, zone, max(began, fired or 0.0))
    latest = 0 if due is None else due + 60 * int(schedule["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0))
    if due is None or schedule.get("State") != "ENABLED" or now < latest or (end is not None and due > end):
        return None
    return due


def _forget_after(place: Any, schedule: Mapping[str, Any]) -> None:
    scheduler = load("ministack.services.scheduler")
    if schedule["ScheduleExpression"].startswith("at(") and schedule.get("ActionAfterCompletion") == "DELETE":
        scheduler._schedules._data.pop(place, None)
        scheduler._schedule_last_fired.pop(place, None)


def _call(schedule: Mapping[str, Any], due: float) -> None:
    events, responses = load("ministack.services.eventbridge"), load("ministack.core.responses")
    target = schedule["Target"]
    execution = responses.new_uuid()
    event = {
        "version": "0",
        "id": execution,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": responses.get_account_id(),
        "time": _utc(due),
        "region": responses.get_region(),
        "resources": [schedule["Arn"]],
        "detail": "{}",
    }
    sent = _filled(target["Input"], schedule, due, execution) if target.get("Input") else json.dumps(event)
    problem = _refusal(target)
    if problem is None:
        delivered = {key: value for key, value in target.items() if key not in ("DeadLetterConfig", "RetryPolicy")}
        events._invoke_target({**delivered, "Input": sent}, {"Detail": "{}", "Time": due}, schedule)
    else:
        _keep(schedule, sent, *problem)


def _filled(text: str, schedule: Mapping[str, Any], due: float, execution: str) -> str:
    """Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    words = {
        "schedule-arn": schedule["Arn"],
        "scheduled-time": _utc(due),
        "execution-id": execution,
        "attempt-number": "1",
    }
    for word, value in words.items():
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refusal(target: Mapping[str, Any]) -> tuple[str, str] | None:
    """The code and the words of what keeps the scheduler from calling: its role, or a function that is gone."""
    arn, role = str(target["Arn"]), str(target.get("RoleArn", ""))
    action = _CALLS.get(arn.split(":")[2])
    if not _is_assumed(role):
        return "AWS.Scheduler.InternalServerError", f"the role {role} cannot be assumed"
    if action is not None and not may(role, action, arn):
        return "AccessDeniedException", f"{role} is not authorized to perform: {action} on resource: {arn}"
    functions = load("ministack.services.lambda_svc")
    if ":lambda:" in arn and not original(functions, "_get_func_record_for_ref")(arn)[0]:
        return "ResourceNotFoundException", f"Function not found: {arn}"
    return None


def _is_assumed(role: str) -> bool:
    roles = original(load("ministack.services.iam"), "_roles")
    found = roles.get(role.rpartition("/")[2]) or {}
    return trusts(found.get("AssumeRolePolicyDocument") or "{}", "scheduler")


def _keep(schedule: Mapping[str, Any], sent: str, code: str, message: str) -> None:
    """In the dead-letter queue, if there is one and the role may send to it."""
    events, target = load("ministack.services.eventbridge"), schedule["Target"]
    arn = str((target.get("DeadLetterConfig") or {}).get("Arn", ""))
    queue = original(load("ministack.services.sqs"), "_queue_by_arn")(arn) if arn else None
    if not queue or not _is_assumed(target["RoleArn"]) or not may(target["RoleArn"], "sqs:SendMessage", arn):
        return
    original(events, "_dispatch_to_sqs")(original(events, "parse_arn")(arn), sent, {})
    told = {"ERROR_CODE": code, "ERROR_MESSAGE": message, "SCHEDULE_ARN": schedule["Arn"], "TARGET_ARN": target["Arn"]}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    queue["messages"][-1]["message_attributes"] = attributes
