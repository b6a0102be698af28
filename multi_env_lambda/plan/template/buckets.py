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
    DataBucket,
    Existing,
    Function,
    Own,
)
from multi_env_lambda.plan.template.event_parts import alias_of, event_name, may_invoke, rule
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id, ref

__all__ = ["bucket_arn", "bucket_id", "bucket_name", "bucket_part", "own_bucket"]

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
    return own_bucket(unit, key, made_by=f"functions.{function.key}.events")


def own_bucket(unit: StackInput, key: str, *, made_by: str) -> Resource:
    """The whole bucket, whether an event or a table asks for it, so that both describe the same one."""
    declared = next(
        (each for each in unit.settings.resources if isinstance(each, DataBucket) and each.key == key), None
    )
    configuration = _configuration(unit, key)
    properties = {
        "BucketName": unit.project.bucket_name(unit.environment, key),
        **({"NotificationConfiguration": configuration} if configuration else {}),
        "PublicAccessBlockConfiguration": dict.fromkeys(_PUBLIC, True),
        **({} if declared is None else _kept(declared)),
        **unit.tags,
    }
    waits_for = {
        f"{event_name(other, 'Notification', _identity(event))}Permission" for other, event in _listening(unit, key)
    }
    return Resource(
        logical_id=bucket_id(key),
        type="AWS::S3::Bucket",
        properties=properties,
        depends_on=tuple(sorted(waits_for)),
        retain=True,
        made_by=made_by,
    )


def bucket_id(key: str) -> str:
    return logical_id(key, "Bucket")


def bucket_name(unit: StackInput, key: str) -> Any:
    """A reference; or the text, if the bucket comes after the functions that it calls."""
    return unit.project.bucket_name(unit.environment, key) if any(_listening(unit, key)) else ref(bucket_id(key))


def bucket_arn(unit: StackInput, key: str, below: str = "") -> Any:
    """The same for its ARN, and for ``below`` it."""
    if any(_listening(unit, key)):
        return f"arn:{unit.partition}:s3:::{unit.project.bucket_name(unit.environment, key)}{below}"
    arn = get_att(bucket_id(key), "Arn")
    return {"Fn::Join": ["", [arn, below]]} if below else arn


def _kept(bucket: DataBucket) -> Json:
    """Its versions, and what S3 deletes by itself: old versions, old objects, and uploads that nobody finished."""
    rules: list[Json] = [_rule("unfinished-uploads", AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})]
    if bucket.old_versions_days:
        days = {"NoncurrentDays": bucket.old_versions_days}
        rules.append(_rule("old-versions", NoncurrentVersionExpiration=days))
    if bucket.expire_days:
        rules.append(_rule("old-objects", ExpirationInDays=bucket.expire_days))
    kept: Json = {"LifecycleConfiguration": {"Rules": rules}}
    return {**kept, "VersioningConfiguration": {"Status": "Enabled"}} if bucket.versioning else kept


def _rule(name: str, **more: Any) -> Json:
    return {"Id": name, "Status": "Enabled", **more}


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
