"""From an event of a bucket to its resources: in S3's own form, or through EventBridge.

A bucket has one notification, which is set as a whole, and S3 refuses a function that it may not call yet. So a bucket
of the stack is described with all that listens to it, and comes after the permissions; these name it by its text, since
a reference would be a circle. A bucket from elsewhere has a notification of its owner, who would overwrite ours with
the next change: there the stack only lets S3 call the function.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html (one, as a whole;
what S3 verifies) and https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html (the permission, with the account).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

import attrs

from multi_env_lambda.model.notification import as_filter
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Existing,
    Function,
    Own,
)
from multi_env_lambda.plan.template.event_parts import alias_of, event_name, event_resource, may_invoke, rule
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, logical_id, ref

__all__ = ["bucket_part"]

_PUBLIC = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def bucket_part(
    unit: StackInput, function: Function, event: BucketNotification | BucketPermission | BucketEvents
) -> Part:
    match event:
        case BucketNotification(key=key):
            allowed = _allowed(unit, function, _identity(event), unit.project.bucket_name(unit.environment, key))
            return Part(resources=(_own(unit, function, key), allowed))
        case BucketPermission(bucket=bucket):
            return Part(resources=(_allowed(unit, function, bucket, bucket),))
        case BucketEvents():
            return _through_eventbridge(unit, function, event)
        case _:
            assert_never(event)


def _through_eventbridge(unit: StackInput, function: Function, event: BucketEvents) -> Part:
    match event.source:
        case Existing():
            made: tuple[Resource, ...] = ()
            bucket_name: Any = event.source.identifier
        case Own(key=key):
            made = (_own(unit, function, key),)
            bucket_name = ref(logical_id(key, "Bucket"))
        case _:
            assert_never(event.source)
    pattern = {
        "source": ["aws.s3"],
        "detail-type": list(event.events),
        "detail": {"bucket": {"name": [bucket_name]}, **_key_pattern(event)},
    }
    name = event_name(function, "Objects", type(event.source).__name__, attrs.astuple(event))
    return Part(resources=(*made, *rule(function, name, {"EventPattern": pattern})))


def _identity(event: BucketNotification) -> str:
    """Not the prefix and the events: one permission is enough for all of a bucket, and stays when they change."""
    return f"own {event.key}"


def _allowed(unit: StackInput, function: Function, identity: str, bucket: str) -> Resource:
    """A name of a bucket is free for everybody once the bucket is gone, so the account counts too."""
    name = event_name(function, "Notification", identity)
    arn = f"arn:{unit.partition}:s3:::{bucket}"
    return may_invoke(function, name, "s3.amazonaws.com", arn, unit.environment.account_id)


def _own(unit: StackInput, function: Function, key: str) -> Resource:
    """The whole bucket, whichever of its events asks for it, so that two of them describe the same one."""
    properties = {
        "BucketName": unit.project.bucket_name(unit.environment, key),
        "NotificationConfiguration": _configuration(unit, key),
        "PublicAccessBlockConfiguration": dict.fromkeys(_PUBLIC, True),
        **unit.tags,
    }
    waits_for = sorted(
        {f"{event_name(other, 'Notification', _identity(event))}Permission" for other, event in _listening(unit, key)}
    )
    name = logical_id(key, "Bucket")
    return event_resource(function, name, "AWS::S3::Bucket", properties, depends_on=tuple(waits_for), retain=True)


def _listening(unit: StackInput, key: str) -> Iterator[tuple[Function, BucketNotification]]:
    for function in unit.settings.functions:
        for event in function.events:
            if isinstance(event, BucketNotification) and event.key == key:
                yield function, event


def _configuration(unit: StackInput, key: str) -> Json:
    found: Json = {}
    entries = [entry for function, event in _listening(unit, key) for entry in _entries(function, event)]
    if entries:
        found["LambdaConfigurations"] = entries
    if any(
        isinstance(event, BucketEvents) and event.source == Own(key=key)
        for function in unit.settings.functions
        for event in function.events
    ):
        found["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    return found


def _entries(function: Function, event: BucketNotification) -> Iterator[Json]:
    """One for each kind of event, which is what CloudFormation takes."""
    written = (("prefix", event.prefix), ("suffix", event.suffix))
    rules = [{"Name": name, "Value": as_filter(text)} for name, text in written if text]
    for kind in event.events:
        entry: Json = {"Event": kind, "Function": alias_of(function)}
        if rules:
            entry["Filter"] = {"S3Key": {"Rules": rules}}
        yield entry


def _key_pattern(event: BucketEvents) -> Json:
    match (event.prefix, event.suffix):
        case ("", ""):
            return {}
        case (prefix, ""):
            matcher = {"prefix": prefix}
        case ("", suffix):
            matcher = {"suffix": suffix}
        case (prefix, suffix):
            # Two matchers of one field mean "or"; only a wildcard says "and".
            escaped = [text.replace("\\", "\\\\").replace("*", "\\*") for text in (prefix, suffix)]
            matcher = {"wildcard": "*".join(escaped)}
    return {"object": {"key": [matcher]}}
