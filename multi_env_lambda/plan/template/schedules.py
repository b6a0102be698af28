"""From a schedule of EventBridge Scheduler to its resources: the schedule, and the role in which it calls.

All schedules of a function or of a state machine share the role, which may call this one, send to its dead-letter
queues, and nothing else. Only schedules of this account get it.
Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import Existing, Function, SchedulerSchedule
from multi_env_lambda.plan.template.event_parts import alias_of
from multi_env_lambda.plan.template.messages import queue_id
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id
from multi_env_lambda.plan.template.regions import check_same_region
from multi_env_lambda.plan.template.roles import allow, role

__all__ = ["Called", "schedule_part", "scheduled"]


@attrs.frozen(kw_only=True)
class Called:
    """What a schedule calls: its key for logical ids, its ARN, and the action that this is.

    ``others`` are all of its schedules, this one included.
    """

    key: str
    arn: Json
    action: str
    made_by: str
    others: tuple[SchedulerSchedule, ...]

    @property
    def role_id(self) -> str:
        return logical_id(self.key, "SchedulerRole")


def schedule_part(unit: StackInput, function: Function, event: SchedulerSchedule) -> Part:
    called = Called(
        key=function.key,
        arn=alias_of(function),
        action="lambda:InvokeFunction",
        made_by=f"functions.{function.key}.events",
        others=tuple(each for each in function.events if isinstance(each, SchedulerSchedule)),
    )
    return scheduled(unit, called, event)


def scheduled(unit: StackInput, called: Called, event: SchedulerSchedule) -> Part:
    # Other changes leave it the same resource, whose start may be over by then.
    identity = [event.expression, event.time_zone, event.payload]
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
        "Target": _target(unit, called, event),
        **{key: value for key, value in optional.items() if value is not None},
    }
    made = Resource(
        logical_id=logical_id(called.key, "Scheduler", digest(identity)[:8]),
        type="AWS::Scheduler::Schedule",
        properties=properties,
        made_by=called.made_by,
    )
    return Part(resources=(_role(unit, called), made))


def _target(unit: StackInput, called: Called, event: SchedulerSchedule) -> Json:
    dead = _dead_letters(unit, called, event)
    return {
        "Arn": called.arn,
        "RoleArn": get_att(called.role_id, "Arn"),
        "RetryPolicy": {"MaximumEventAgeInSeconds": event.maximum_age, "MaximumRetryAttempts": event.retries},
        **({} if dead is None else {"DeadLetterConfig": {"Arn": dead}}),
        **({} if event.payload is None else {"Input": event.payload}),
    }


def _dead_letters(unit: StackInput, called: Called, event: SchedulerSchedule) -> Any:
    """Of the schedule's own region: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    if event.dead_letter_queue is None:
        return None
    if isinstance(event.dead_letter_queue, Existing):
        arn = event.dead_letter_queue.identifier
        check_same_region([arn], unit.environment, where=unit.where, what=f"{called.made_by}:")
        return arn
    return get_att(queue_id(event.dead_letter_queue.key), "Arn")


def _role(unit: StackInput, called: Called) -> Resource:
    queues = [dead for event in called.others if (dead := _dead_letters(unit, called, event)) is not None]
    statements = [
        allow([called.action], called.arn),
        *(allow(["sqs:SendMessage"], queue) for queue in queues),
    ]
    here = {"StringEquals": {"aws:SourceAccount": unit.environment.account_id}}
    return role(unit, called.role_id, "scheduler.amazonaws.com", statements, (), called.made_by, only_if=here)
