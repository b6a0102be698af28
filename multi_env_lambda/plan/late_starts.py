"""Notes in the plan about what misses events right after it was created or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.plan.resources import resources_of

__all__ = ["late_starts"]

_MAPPING, _BUCKET, _QUEUE = "AWS::Lambda::EventSourceMapping", "AWS::S3::Bucket", "AWS::SQS::Queue"
_ADVISED_RECEIVES = 5


def late_starts(old: str | None, new: str | None) -> tuple[str, ...]:
    """A sentence for each resource of the new template that is new or changes, and starts late.

    Sources, for streams, buckets and queues: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html and
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    before, now = resources_of(old), resources_of(new)
    return tuple(
        text
        for name, body in now.items()
        for text in (
            *_told(name, before.get(name, {}).get("Properties"), body),
            *(_of_permission(body, now) if name not in before else ()),
        )
    )


def _told(name: str, before: Mapping[str, Any] | None, body: Mapping[str, Any]) -> Iterator[str]:
    properties = body.get("Properties", {})
    match body["Type"]:
        case "AWS::Lambda::EventSourceMapping" if properties.get("StartingPosition") == "LATEST":
            if before != properties:
                when = "some minutes after its creation" if before is None else "up to 90 seconds after its change"
                yield (
                    f"{name} reads the stream from {when}, and with LATEST it skips everything earlier; "
                    '`starting_position = "TRIM_HORIZON"` misses nothing, and starts with the oldest record'
                )
        case "AWS::S3::Bucket" if _tells_eventbridge(properties) and not _tells_eventbridge(before or {}):
            yield f"{name}: uploads in the first five minutes send no events, because S3 needs that long to start"
        case "AWS::S3::Bucket" if _tells_eventbridge(before or {}) and not _tells_eventbridge(properties):
            yield (
                f"{name} no longer sends its events to EventBridge, so rules elsewhere get none; "
                '`form = "eventbridge"` at one of its events keeps them'
            )
        case "AWS::SQS::Queue" if before is None and 0 < _receives(properties) < _ADVISED_RECEIVES:
            yield (
                f"{name} gives up a message after {_receives(properties)} attempts, including throttled ones: "
                f"AWS advises `max_receive_count = {_ADVISED_RECEIVES}` or more"
            )


def _of_permission(body: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is left to do where S3 may call a function for a bucket that this stack does not have."""
    properties = body.get("Properties", {})
    if body["Type"] != "AWS::Lambda::Permission" or properties.get("Principal") != "s3.amazonaws.com":
        return
    bucket = str(properties.get("SourceArn", "")).rpartition(":::")[2]
    names = [other.get("Properties", {}).get("BucketName") for other in resources.values()]
    if bucket and bucket not in names:
        function, alias = _called(properties.get("FunctionName"), resources)
        yield (
            f"the owner of the bucket {bucket} now adds a notification for the function {function}{alias}; "
            "until then it sends no events"
        )


def _called(target: Any, resources: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The name of the function, and of the alias with a word before it."""
    match target:
        case {"Ref": str(name)} if name in resources:
            properties = resources[name].get("Properties", {})
            function = properties.get("FunctionName", name)
            if resources[name]["Type"] == "AWS::Lambda::Alias":
                return _called(function, resources)[0], f", alias {properties.get('Name')}"
            return str(function), ""
        case _:
            return str(target), ""


def _tells_eventbridge(properties: Mapping[str, Any]) -> bool:
    configuration = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
    return str(configuration.get("EventBridgeEnabled", "")).lower() == "true"


def _receives(properties: Mapping[str, Any]) -> int:
    found = properties.get("RedrivePolicy", {})
    return int(found.get("maxReceiveCount", 0)) if isinstance(found, Mapping) else 0
