"""From a schedule of EventBridge Scheduler to its resources: the schedule, and the role in which it calls.

All schedules of a function share the role, which may call this function, send to its dead-letter queues, and nothing
else. Only schedules of this account get it.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.settings import Existing, Function, SchedulerSchedule
from multi_env_lambda.plan.template.event_parts import alias_of, event_name, event_resource
from multi_env_lambda.plan.template.messages import queue_id
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id
from multi_env_lambda.plan.template.regions import check_same_region
from multi_env_lambda.plan.template.roles import allow, role

__all__ = ["schedule_part"]


def schedule_part(unit: StackInput, function: Function, event: SchedulerSchedule) -> Part:
    # Other changes leave it the same resource, whose start may be over by then.
    name = event_name(function, "Scheduler", event.expression, event.time_zone, event.payload)
    window = (
        {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": event.window_minutes}
        if event.window_minutes
        else {"Mode": "OFF"}
    )
    optional = {"StartDate": event.start, "EndDate": event.end}
    properties: Json = {
        "ScheduleExpression": event.expression,
        "ScheduleExpressionTimezone": event.time_zone,
        "FlexibleTimeWindow": window,
        "State": "ENABLED",
        "Target": _target(unit, function, event),
        **{key: value for key, value in optional.items() if value is not None},
    }
    made = event_resource(function, name, "AWS::Scheduler::Schedule", properties)
    return Part(resources=(_role(unit, function), made))


def _target(unit: StackInput, function: Function, event: SchedulerSchedule) -> Json:
    dead = _dead_letters(unit, function, event)
    return {
        "Arn": alias_of(function),
        "RoleArn": get_att(_role_id(function), "Arn"),
        "RetryPolicy": {"MaximumEventAgeInSeconds": event.maximum_age, "MaximumRetryAttempts": event.retries},
        **({} if dead is None else {"DeadLetterConfig": {"Arn": dead}}),
        **({} if event.payload is None else {"Input": event.payload}),
    }


def _dead_letters(unit: StackInput, function: Function, event: SchedulerSchedule) -> Any:
    """Of the schedule's own region: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    if event.dead_letter_queue is None:
        return None
    if isinstance(event.dead_letter_queue, Existing):
        arn = event.dead_letter_queue.identifier
        check_same_region([arn], unit.environment, where=unit.where, what=f"functions.{function.key}.events:")
        return arn
    return get_att(queue_id(event.dead_letter_queue.key), "Arn")


def _role_id(function: Function) -> str:
    return logical_id(function.key, "SchedulerRole")


def _role(unit: StackInput, function: Function) -> Resource:
    found = [event for event in function.events if isinstance(event, SchedulerSchedule)]
    queues = [dead for event in found if (dead := _dead_letters(unit, function, event)) is not None]
    statements = [
        allow(["lambda:InvokeFunction"], alias_of(function)),
        *(allow(["sqs:SendMessage"], queue) for queue in queues),
    ]
    here = {"StringEquals": {"aws:SourceAccount": unit.environment.account_id}}
    made_by = f"functions.{function.key}.events"
    return role(unit, _role_id(function), "scheduler.amazonaws.com", statements, (), made_by, only_if=here)
