"""What triggers a function, and where that comes from. The readers are in ``event.py`` and ``bucket_event.py``.

All values are frozen and hashable; JSON-like things are kept as canonical JSON text.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.model.api_settings import Cors, HttpRoute
from multi_env_lambda.model.rest_settings import RestRoute

__all__ = [
    "BucketEvents",
    "BucketNotification",
    "BucketPermission",
    "Declared",
    "DynamoDBStream",
    "Event",
    "EventPattern",
    "Existing",
    "FunctionUrl",
    "KinesisStream",
    "Own",
    "OwnQueue",
    "Queue",
    "Schedule",
    "SchedulerSchedule",
    "Starting",
    "Topic",
]


# --- where an event comes from ---
@attrs.frozen(kw_only=True)
class Existing:
    """Something that exists independently of the unit: an ARN, or for a bucket its name."""

    identifier: str


@attrs.frozen(kw_only=True)
class Own:
    """Something that the unit's stack creates under this key (by default the function's key)."""

    key: str


@attrs.frozen(kw_only=True)
class Declared:
    """A resource of the unit's own tables, by its key."""

    key: str


@attrs.frozen(kw_only=True)
class OwnQueue:
    """A queue that the unit's stack creates, together with its dead-letter queue ``<key>-dlq``."""

    key: str
    visibility_timeout: int
    max_receive_count: int = 3
    retention_days: int = 4


# --- event kinds ---
@attrs.frozen(kw_only=True)
class Schedule:
    """``rate(…)`` or ``cron(…)``; ``payload`` is canonical JSON that the function receives instead of the event."""

    expression: str
    payload: str | None = None


@attrs.frozen(kw_only=True)
class SchedulerSchedule:
    """A schedule of EventBridge Scheduler, in the time of ``time_zone``; ``start`` and ``end`` are ISO 8601, in UTC.

    ``window_minutes``: it calls at any time within so many minutes; 0: as soon as it can. ``maximum_age`` is in
    seconds. ``dead_letter_queue`` gets what could not be delivered; ``payload`` is canonical JSON.
    """

    expression: str
    time_zone: str = "UTC"
    window_minutes: int = 0
    start: str | None = None
    end: str | None = None
    retries: int = 185
    maximum_age: int = 86_400
    dead_letter_queue: Existing | Declared | None = None
    payload: str | None = None


@attrs.frozen(kw_only=True)
class Queue:
    """Messages of an SQS queue; ``window`` is the longest time in seconds for which a batch is gathered."""

    source: Existing | OwnQueue | Declared
    batch_size: int = 10
    window: int = 0
    partial_failures: bool = True
    maximum_concurrency: int | None = None


@attrs.frozen(kw_only=True)
class Topic:
    """Messages of an SNS topic; ``filter_policy`` is canonical JSON."""

    source: Existing | Own | Declared
    filter_policy: str | None = None


@attrs.frozen(kw_only=True)
class BucketNotification:
    """Objects of a bucket that the unit's stack creates under this key, in S3's own form (``Records``)."""

    key: str
    events: tuple[str, ...] = ("s3:ObjectCreated:*",)
    prefix: str = ""
    suffix: str = ""


@attrs.frozen(kw_only=True)
class BucketPermission:
    """An existing bucket may call the function in S3's own form; its owner sets the notification."""

    bucket: str


@attrs.frozen(kw_only=True)
class BucketEvents:
    """Objects of a bucket in EventBridge's form. An existing bucket has to send its events to EventBridge."""

    source: Existing | Own
    events: tuple[str, ...] = ("Object Created",)
    prefix: str = ""
    suffix: str = ""


@attrs.frozen(kw_only=True)
class EventPattern:
    """Events of an EventBridge bus (name or ARN) that match ``pattern`` (canonical JSON)."""

    pattern: str
    bus: str = "default"


@attrs.frozen(kw_only=True)
class DynamoDBStream:
    """Changes of a DynamoDB table: of the unit's own, or of an existing one by its stream's ARN.

    ``filters`` are canonical JSON; ``retries`` -1 means until the record expires.
    """

    source: Existing | Declared
    starting_position: str = "LATEST"
    batch_size: int = 100
    window: int = 0
    partial_failures: bool = True
    bisect: bool = False
    retries: int = -1
    parallelization: int = 1
    on_failure_arn: str | None = None
    filters: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class KinesisStream:
    """Records of a Kinesis data stream; the fields mean the same as those of ``DynamoDBStream``."""

    arn: str
    starting_position: str = "LATEST"
    batch_size: int = 100
    window: int = 0
    partial_failures: bool = True
    bisect: bool = False
    retries: int = -1
    parallelization: int = 1
    on_failure_arn: str | None = None
    filters: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class FunctionUrl:
    """An HTTPS address of the function's alias; ``auth`` is ``AWS_IAM`` or ``NONE``."""

    auth: str = "AWS_IAM"
    cors: Cors | None = None


Starting = Schedule | SchedulerSchedule | EventPattern
"""What may start a state machine."""

Event = (
    Schedule
    | SchedulerSchedule
    | Queue
    | Topic
    | BucketNotification
    | BucketPermission
    | BucketEvents
    | EventPattern
    | DynamoDBStream
    | KinesisStream
    | FunctionUrl
    | HttpRoute
    | RestRoute
)
