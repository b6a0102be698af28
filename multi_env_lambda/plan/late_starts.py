"""Notes in the plan about what misses events right after it was created or changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["late_starts"]

_MAPPING, _BUCKET, _QUEUE = "AWS::Lambda::EventSourceMapping", "AWS::S3::Bucket", "AWS::SQS::Queue"
_ADVISED_RECEIVES = 5


def late_starts(old: str | None, new: str | None) -> tuple[str, ...]:
    """A sentence for each resource of the new template that is new or changes, and starts late.

    Sources, for streams, buckets and queues: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html and
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    before = _resources(old)
    return tuple(
        text
        for name, body in _resources(new).items()
        for text in _told(name, before.get(name, {}).get("Properties"), body)
    )


def _resources(template: str | None) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = {} if template is None else json.loads(template).get("Resources", {})
    return found


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
        case "AWS::SQS::Queue" if before is None and 0 < _receives(properties) < _ADVISED_RECEIVES:
            yield (
                f"{name} gives up a message after {_receives(properties)} attempts, including throttled ones: "
                f"AWS advises `max_receive_count = {_ADVISED_RECEIVES}` or more"
            )


def _tells_eventbridge(properties: Mapping[str, Any]) -> bool:
    configuration = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
    return str(configuration.get("EventBridgeEnabled", "")).lower() == "true"


def _receives(properties: Mapping[str, Any]) -> int:
    found = properties.get("RedrivePolicy", {})
    return int(found.get("maxReceiveCount", 0)) if isinstance(found, Mapping) else 0
