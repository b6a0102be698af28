"""Reads what triggers a function: one table per event, of exactly one kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.api import read_http_route
from multi_env_lambda.model.bucket_event import read_bucket
from multi_env_lambda.model.cors import read_cors
from multi_env_lambda.model.event_pattern import problem_with_pattern
from multi_env_lambda.model.event_source import creates, declares, existing
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Rule, Table, did_you_mean, enumerated
from multi_env_lambda.model.schedule import problem_with_schedule
from multi_env_lambda.model.settings import (
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    FunctionUrl,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    Schedule,
    Topic,
)

__all__ = ["read_event", "read_schedule"]

_LONGEST_INPUT = 8192
"""Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""

_LAMBDA_BUS = Rule(
    pattern=r"[A-Za-z0-9._/-]+|arn:aws:events:.+",
    maximum=1600,
    allowed="the name or the ARN of an event bus",
    hint='leave it out for the bus "default"',
)


def _arn_of(service: str, example: str) -> Rule:
    return Rule(
        pattern=f"arn:aws:{service}:.+",
        allowed=f"an ARN such as {example}",
        hint="it may contain `${region}` and `${account_id}`",
    )


_QUEUE_ARN = _arn_of("sqs", "arn:aws:sqs:us-east-1:222222222222:incoming")
_TOPIC_ARN = _arn_of("sns", "arn:aws:sns:us-east-1:222222222222:news")
_TABLE_STREAM = Rule(
    pattern="arn:aws:dynamodb:.+",
    allowed="the key of a table below `tables`, or an ARN such as "
    "arn:aws:dynamodb:us-east-1:222222222222:table/orders/stream/2026-01-01T00:00:00.000",
    hint="an ARN may contain `${region}` and `${account_id}`",
)
_STREAM_FAILURES = Rule(
    pattern=r"arn:aws:(sqs|sns|s3):.+",
    allowed="the ARN of a queue, topic or bucket",
    hint="failures of a stream can go nowhere else: https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html",
)
_KINESIS_ARN = _arn_of("kinesis", "arn:aws:kinesis:us-east-1:222222222222:stream/clicks")


@attrs.frozen(kw_only=True)
class _Kind:
    """How one kind is written: ``read`` gets all options as one table, with the source under the kind's name.

    ``word`` is the key of the source when the kind is a table of its own.
    """

    word: str
    read: Callable[[Table, str, int], Event]


def read_event(table: Table, *, function: str, timeout: int, buckets: Collection[str] = ()) -> Event:
    """One event of a function; what it creates is named after the function unless it says otherwise.

    ``buckets`` are the keys of the unit's own: `s3 = "reports"` names one of them before any other bucket.
    """
    found = [key for key in table.values if key in _KINDS]
    if len(found) != 1:
        kinds = " and ".join(f"`{key}`" for key in found) or "no kind"
        what = f"found {kinds}; expected exactly one of {enumerated(_KINDS)}"
        unknown = next(iter(table.values), "")
        hint = did_you_mean(unknown, _KINDS, listed=True) if not found else "write one table per event"
        table.refuse("", what, hint=hint)
    kind = _KINDS[found[0]]
    flat = _flat(table, found[0], kind)
    if found[0] == "s3" and (name := flat.values["s3"]) in buckets and "name" not in flat.values:
        flat = attrs.evolve(flat, values={**flat.values, "s3": True, "name": name})
    return kind.read(flat, function, timeout)


def _flat(table: Table, name: str, kind: _Kind) -> Table:
    """All options in one table: ``{sqs = {arn = "…", window = 5}}`` is the same as ``{sqs = "…", window = 5}``."""
    value = table.values[name]
    rest = {key: item for key, item in table.values.items() if key != name}
    if name == "event_pattern" or not isinstance(value, Mapping):
        return attrs.evolve(table, values={**rest, name: value})
    for key in value:
        if key in rest:
            table.refuse(key, f"`{key}` is set both next to `{name}` and inside it", hint="remove one of them")
    inner = {name if key == kind.word else key: item for key, item in value.items()}
    return attrs.evolve(table, values={**rest, **inner})


# --- schedule ---
def read_schedule(table: Table, key: str) -> str:
    """A checked ``rate(…)`` or ``cron(…)``."""
    expression = table.text(key)
    if problem := problem_with_schedule(expression):
        hint = "minutes hours day-of-month month day-of-week year, in UTC: `cron(0 8 ? * MON-FRI *)`"
        table.refuse(key, f'found "{expression}"; {problem}', hint=hint)
    return expression


def _schedule(table: Table, function: str, timeout: int) -> Event:
    table.allow(("schedule", "payload"))
    payload = table.optional_json("payload")
    if payload is not None and len(payload) > _LONGEST_INPUT:
        what = f"found {len(payload):,} characters of JSON; the limit is {_LONGEST_INPUT:,}"
        table.refuse("payload", what, hint="store it in a parameter or an object, and refer to that in the payload")
    return Schedule(expression=read_schedule(table, "schedule"), payload=payload)


# --- sqs ---
_QUEUE_OPTIONS = ("sqs", "batch_size", "window", "partial_failures", "maximum_concurrency")
_OWN_QUEUE_OPTIONS = ("name", "visibility_timeout", "max_receive_count", "retention_days")


def _queue(table: Table, function: str, timeout: int) -> Event:
    own, declared = creates(table, "sqs"), declares(table, "sqs")
    only_new = (
        "set it in the queue's table"
        if declared
        else ("it applies to a queue that the unit creates; set it where the existing queue is defined")
    )
    elsewhere = {} if own else {key: only_new for key in _OWN_QUEUE_OPTIONS}
    table.allow((*_QUEUE_OPTIONS, *(_OWN_QUEUE_OPTIONS if own else ())), elsewhere=elsewhere)
    source = declared or (_own_queue(table, function, timeout) if own else existing(table, "sqs", _QUEUE_ARN))
    fifo = isinstance(source, Existing) and source.identifier.endswith(".fifo")
    batch_size = table.number("batch_size", 1, 10 if fifo else 10_000, 10)
    window = table.number("window", 0, 0 if fifo else 300, 0)
    if batch_size > 10 and window == 0:
        hint = "add `window = 1` or more: the seconds during which a batch is gathered"
        table.refuse("batch_size", f"found {batch_size} without `window`; expected 1 to 10", hint=hint)
    return Queue(
        source=source,
        batch_size=batch_size,
        window=window,
        partial_failures=table.flag("partial_failures", True),
        maximum_concurrency=table.optional_number("maximum_concurrency", 2, 1000),
    )


def _own_queue(table: Table, function: str, timeout: int) -> OwnQueue:
    # So that batches that are throttled or still being gathered are not delivered twice.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    least = 6 * timeout + table.number("window", 0, 300, 0)
    visibility = table.number("visibility_timeout", 0, 43_200, least)
    if visibility < least:
        what = f"found {visibility}; expected {least} or more: 6 times the timeout ({timeout}), plus the window"
        table.refuse("visibility_timeout", what, hint=f"leave it out for {least}")
    return OwnQueue(
        key=table.named_or("name", KEY, function),
        visibility_timeout=visibility,
        max_receive_count=table.number("max_receive_count", 1, 1000, 3),
        retention_days=table.number("retention_days", 1, 14, 4),
    )


# --- sns, event_pattern ---
def _topic(table: Table, function: str, timeout: int) -> Event:
    made, declared = creates(table, "sns"), declares(table, "sns")
    table.allow(("sns", "filter_policy", *(("name",) if made else ())))
    own = Own(key=table.named_or("name", KEY, function)) if made else None
    # A pattern is measured as JSON, so anything that JSON cannot express is refused first.
    policy = table.optional_json_table("filter_policy")
    if policy is not None:
        _check_operators(table.table("filter_policy"))
    return Topic(source=declared or own or existing(table, "sns", _TOPIC_ARN), filter_policy=policy)


def _event_pattern(table: Table, function: str, timeout: int) -> Event:
    table.allow(("event_pattern", "bus"))
    pattern = table.table("event_pattern")
    if not pattern.values:
        pattern.refuse("", "the pattern is empty; expected at least one field", hint='for example `source = ["shop"]`')
    text = table.json("event_pattern")
    _check_operators(pattern)
    return EventPattern(pattern=text, bus=table.named_or("bus", _LAMBDA_BUS, "default"))


def _check_operators(pattern: Table) -> None:
    """Filters of streams and topics have the syntax of EventBridge patterns, and AWS refuses wrong ones as late."""
    if (problem := problem_with_pattern(pattern.values)) is not None:
        key, what, hint = problem
        pattern.refuse(key, what, hint=hint)


# --- streams ---
_STREAM_OPTIONS = (
    "starting_position",
    "batch_size",
    "window",
    "partial_failures",
    "bisect",
    "retries",
    "parallelization",
    "on_failure_arn",
    "filters",
)


def _dynamodb(table: Table, function: str, timeout: int) -> Event:
    table.allow(("dynamodb", *_STREAM_OPTIONS))
    name = table.text("dynamodb")
    source = Declared(key=name) if KEY.accepts(name) else Existing(identifier=table.named("dynamodb", _TABLE_STREAM))
    return DynamoDBStream(source=source, **_stream(table))


def _kinesis(table: Table, function: str, timeout: int) -> Event:
    table.allow(("kinesis", *_STREAM_OPTIONS))
    return KinesisStream(arn=table.named("kinesis", _KINESIS_ARN), **_stream(table))


def _stream(table: Table) -> dict[str, Any]:
    """What both have in common."""
    return dict(
        starting_position=table.choice("starting_position", ("LATEST", "TRIM_HORIZON"), "LATEST"),
        batch_size=table.number("batch_size", 1, 10_000, 100),
        window=table.number("window", 0, 300, 0),
        partial_failures=table.flag("partial_failures", True),
        bisect=table.flag("bisect", False),
        retries=table.number("retries", -1, 10_000, -1),
        parallelization=table.number("parallelization", 1, 10, 1),
        on_failure_arn=table.optional_named("on_failure_arn", _STREAM_FAILURES),
        filters=_filters(table),
    )


def _filters(table: Table) -> tuple[str, ...]:
    tables = table.tables("filters")
    if len(tables) > 5:
        table.refuse("filters", f"found {len(tables)} filters; expected at most 5", hint="combine some of them")
    whole = attrs.evolve(table, values={f"filters[{n}]": item.values for n, item in enumerate(tables)})
    patterns = tuple(whole.json(key) for key in whole.values)
    for item in tables:
        _check_operators(item)
    return patterns


# --- url ---
def _url(table: Table, function: str, timeout: int) -> Event:
    table.allow(("url", "cors"))
    if not isinstance(table.values.get("url", True), str | bool):
        table.wrong("url", allowed='true, "AWS_IAM" or "NONE"', hint="`url = true` is the same as `AWS_IAM`")
    auth = "AWS_IAM" if creates(table, "url") else table.choice("url", ("AWS_IAM", "NONE"), "AWS_IAM")
    return FunctionUrl(auth=auth, cors=read_cors(table.table("cors")) if table.has("cors") else None)


_KINDS: Mapping[str, _Kind] = {
    "schedule": _Kind(word="expression", read=_schedule),
    "sqs": _Kind(word="arn", read=_queue),
    "sns": _Kind(word="arn", read=_topic),
    "s3": _Kind(word="bucket", read=read_bucket),
    "event_pattern": _Kind(word="event_pattern", read=_event_pattern),
    "dynamodb": _Kind(word="arn", read=_dynamodb),
    "kinesis": _Kind(word="arn", read=_kinesis),
    "url": _Kind(word="auth", read=_url),
    "http": _Kind(word="route", read=read_http_route),
}
