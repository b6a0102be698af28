"""What a sample event has to name so that it comes from a function's own source: its queue, its bucket, its table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, assert_never

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project, names_of_resource
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    HttpRoute,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    RestRoute,
    Schedule,
    SchedulerSchedule,
    Topic,
)

__all__ = ["KIND_OF", "source_values"]

KIND_OF: dict[type[Event], str] = {
    Schedule: "schedule",
    SchedulerSchedule: "scheduler",
    Queue: "sqs",
    Topic: "sns",
    BucketNotification: "s3",
    BucketPermission: "s3",
    BucketEvents: "s3",
    EventPattern: "event_pattern",
    DynamoDBStream: "dynamodb",
    KinesisStream: "kinesis",
    FunctionUrl: "url",
    HttpRoute: "http",
    RestRoute: "rest",
}


def source_values(kind: str, function: Function, project: Project, place: Environment) -> dict[str, Any]:
    """The values of the first event of this kind in the function's table; account and region, if it has none."""
    here = {"account": place.account_id, "region": place.region}
    event = next((each for each in function.events if KIND_OF[type(each)] == kind), None)
    if event is None:
        return here
    source = getattr(event, "source", None)
    if isinstance(source, Declared):
        return {**here, _WORD_OF[type(event)]: _name_of(source.key, project, place)}
    return {**here, **_values(event, project, place)}


_WORD_OF: dict[type, str] = {Queue: "queue", Topic: "topic", DynamoDBStream: "table"}
"""What a sample calls the source of an event."""


def _name_of(key: str, project: Project, place: Environment) -> str:
    found = next(each for each in project.settings[place.name].resources if each.key == key)
    return names_of_resource(found, project, place)[0]


def _values(event: Event, project: Project, place: Environment) -> dict[str, Any]:
    match event:
        case Queue(source=source):
            return _named("queue", source, lambda key: project.queue_name(place.name, key))
        case Topic(source=source):
            return _named("topic", source, lambda key: project.topic_name(place.name, key))
        case BucketNotification() | BucketPermission() | BucketEvents():
            return _of_bucket(event, lambda key: project.bucket_name(place, key))
        case EventPattern(pattern=pattern):
            return _of_pattern(json.loads(pattern))
        case DynamoDBStream(source=source):
            return _of_table(source)
        case KinesisStream(arn=arn):
            return {"stream": arn.rpartition("/")[2], **_where(arn)}
        case HttpRoute(route=route, payload=payload):
            return {"route": route.key, "payload": payload}
        case RestRoute(route=route):
            return {"route": route.key}
        case Schedule() | SchedulerSchedule() | FunctionUrl():
            return {}
        case _:
            assert_never(event)


def _of_bucket(
    event: BucketNotification | BucketPermission | BucketEvents, made: Callable[[str], str]
) -> dict[str, Any]:
    match event:
        case BucketNotification(key=key):
            return {"form": "s3", "bucket": made(key), "key": _object(event)}
        case BucketPermission(bucket=bucket):
            return {"form": "s3", "bucket": bucket}
        case BucketEvents(source=source):
            bucket = made(source.key) if isinstance(source, Own) else source.identifier
            return {"form": "eventbridge", "bucket": bucket, "key": _object(event)}
        case _:
            assert_never(event)


def _of_table(source: Existing | Declared) -> dict[str, Any]:
    if isinstance(source, Declared) or not source.identifier.count("/"):
        return {}
    return {"table": source.identifier.split("/")[1], **_where(source.identifier)}


def _object(event: BucketNotification | BucketEvents) -> str:
    """A key that the event is about."""
    return f"{event.prefix}orders{event.suffix or '.csv'}"


def _of_pattern(pattern: dict[str, Any]) -> dict[str, Any]:
    """What it asks for in so many words."""
    names = {"source": "source", "detail-type": "type"}
    asked = {word: pattern[name][0] for name, word in names.items() if isinstance(pattern.get(name), list)}
    return {word: value for word, value in asked.items() if isinstance(value, str)}


def _named(word: str, source: Existing | Own | OwnQueue | Declared, made: Callable[[str], str]) -> dict[str, Any]:
    if isinstance(source, Existing):
        return {word: source.identifier.rpartition(":")[2], **_where(source.identifier)}
    return {word: made(source.key)}


def _where(arn: str) -> dict[str, str]:
    region, account = arn.split(":")[3:5]
    return {"region": region, "account": account}
