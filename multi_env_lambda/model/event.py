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
from multi_env_lambda.model.keys.event import EVENTS, MOST_FILTERS, OF_A_NEW_QUEUE, SNS, SQS
from multi_env_lambda.model.keys.scheduler import SCHEDULER
from multi_env_lambda.model.keys.state_machine import STARTS
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated
from multi_env_lambda.model.rest_api import read_rest_route
from multi_env_lambda.model.schedule import hint_of_schedule, problem_with_schedule
from multi_env_lambda.model.scheduler import read_scheduler
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
    Starting,
    Topic,
)

__all__ = ["read_event", "read_schedule", "read_starting"]

_LONGEST_INPUT = 8192
"""Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""


def read_starting(table: Table, *, machine: str) -> Starting:
    """What may start a state machine: a schedule or a pattern."""
    found = read_event(table, function=machine, timeout=0, kinds=tuple(STARTS.kinds))
    assert isinstance(found, Starting)
    return found


def read_event(
    table: Table,
    *,
    function: str,
    timeout: int,
    buckets: Collection[str] = (),
    kinds: Collection[str] = tuple(EVENTS.kinds),
) -> Event:
    """One event of a function; what it creates is named after the function unless it says otherwise.

    ``buckets`` are the keys of the unit's own: `s3 = "reports"` names one of them before any other bucket.
    """
    found = [key for key in table.values if key in kinds]
    if len(found) != 1:
        words = " and ".join(f"`{key}`" for key in found) or "no kind"
        what = f"found {words}; expected exactly one of {enumerated(kinds)}"
        unknown = next(iter(table.values), "")
        hint = did_you_mean(unknown, kinds, listed=True) if not found else "write one table per event"
        table.refuse("", what, hint=hint)
    flat = _flat(table, found[0]).of(EVENTS.kinds[found[0]])
    name = flat.values.get("s3")
    if isinstance(name, str) and name in buckets and "name" not in flat.values:
        flat = attrs.evolve(flat, values={**flat.values, "s3": True, "name": name})
    return _KINDS[found[0]](flat, function, timeout)


def _flat(table: Table, name: str) -> Table:
    """All options in one table: ``{sqs = {arn = "…", window = 5}}`` is the same as ``{sqs = "…", window = 5}``."""
    value = table.values[name]
    rest = {key: item for key, item in table.values.items() if key != name}
    if name == "event_pattern" or not isinstance(value, Mapping):
        return attrs.evolve(table, values={**rest, name: value})
    for key in value:
        if key in rest:
            table.refuse(key, f"`{key}` is set both next to `{name}` and inside it", hint="remove one of them")
    inner = {name if key == EVENTS.sources[name] else key: item for key, item in value.items()}
    return attrs.evolve(table, values={**rest, **inner})


# --- schedule ---
def read_schedule(table: Table, key: str) -> str:
    """A checked ``rate(…)`` or ``cron(…)``."""
    expression = table.text(key)
    if problem := problem_with_schedule(expression):
        hint = hint_of_schedule(expression, "in UTC")
        table.refuse(key, f'found "{expression}"; {problem}', hint=hint)
    return expression


def _schedule(table: Table, function: str, timeout: int) -> Event:
    table.allow(elsewhere=dict.fromkeys(SCHEDULER.names, "write `scheduler = …` instead of `schedule`, which has it"))
    payload = table.optional_json("payload")
    if payload is not None and len(payload) > _LONGEST_INPUT:
        what = f"found {len(payload):,} characters of JSON; the limit is {_LONGEST_INPUT:,}"
        table.refuse("payload", what, hint="store it in a parameter or an object, and refer to that in the payload")
    return Schedule(expression=read_schedule(table, "schedule"), payload=payload)


# --- sqs ---
def _queue(table: Table, function: str, timeout: int) -> Event:
    own, declared = creates(table, "sqs"), declares(table, "sqs")
    only_new = (
        "set it in the queue's table"
        if declared
        else ("it applies to a queue that the unit creates; set it where the existing queue is defined")
    )
    elsewhere = {} if own else {key: only_new for key in OF_A_NEW_QUEUE}
    table.of(SQS if own else SQS.without(*OF_A_NEW_QUEUE)).allow(elsewhere=elsewhere)
    source = declared or (_own_queue(table, function, timeout) if own else existing(table, "sqs"))
    fifo = isinstance(source, Existing) and source.identifier.endswith(".fifo")
    batch_size = table.number("batch_size", high=10 if fifo else None)
    window = table.number("window", high=0 if fifo else None)
    if batch_size > 10 and window == 0:
        hint = "add `window = 1` or more: the seconds during which a batch is gathered"
        table.refuse("batch_size", f"found {batch_size} without `window`; expected 1 to 10", hint=hint)
    return Queue(
        source=source,
        batch_size=batch_size,
        window=window,
        partial_failures=table.flag("partial_failures"),
        maximum_concurrency=table.optional_number("maximum_concurrency"),
    )


def _own_queue(table: Table, function: str, timeout: int) -> OwnQueue:
    # So that batches that are throttled or still being gathered are not delivered twice.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    least = 6 * timeout + table.number("window")
    visibility = table.number("visibility_timeout", default=least)
    if visibility < least:
        what = f"found {visibility}; expected {least} or more: 6 times the timeout ({timeout}), plus the window"
        table.refuse("visibility_timeout", what, hint=f"leave it out for {least}")
    return OwnQueue(
        key=table.named_or("name", default=function),
        visibility_timeout=visibility,
        max_receive_count=table.number("max_receive_count"),
        retention_days=table.number("retention_days"),
    )


# --- sns, event_pattern ---
def _topic(table: Table, function: str, timeout: int) -> Event:
    made, declared = creates(table, "sns"), declares(table, "sns")
    table.of(SNS if made else SNS.without("name")).allow()
    own = Own(key=table.named_or("name", default=function)) if made else None
    # A pattern is measured as JSON, so anything that JSON cannot express is refused first.
    policy = table.optional_json_table("filter_policy")
    if policy is not None:
        _check_operators(table.table("filter_policy"))
    return Topic(source=declared or own or existing(table, "sns"), filter_policy=policy)


def _event_pattern(table: Table, function: str, timeout: int) -> Event:
    table.allow()
    pattern = table.table("event_pattern")
    if not pattern.values:
        pattern.refuse("", "the pattern is empty; expected at least one field", hint='for example `source = ["shop"]`')
    text = table.json("event_pattern")
    _check_operators(pattern)
    return EventPattern(pattern=text, bus=table.named_or("bus"))


def _check_operators(pattern: Table) -> None:
    """Filters of streams and topics have the syntax of EventBridge patterns, and AWS refuses wrong ones as late."""
    if (problem := problem_with_pattern(pattern.values)) is not None:
        key, what, hint = problem
        pattern.refuse(key, what, hint=hint)


# --- streams ---
def _dynamodb(table: Table, function: str, timeout: int) -> Event:
    table.allow()
    name = table.text("dynamodb")
    source = Declared(key=name) if KEY.accepts(name) else Existing(identifier=table.named("dynamodb"))
    return DynamoDBStream(source=source, **_stream(table))


def _kinesis(table: Table, function: str, timeout: int) -> Event:
    table.allow()
    return KinesisStream(arn=table.named("kinesis"), **_stream(table))


def _stream(table: Table) -> dict[str, Any]:
    """What both have in common."""
    return dict(
        starting_position=table.choice("starting_position"),
        batch_size=table.number("batch_size"),
        window=table.number("window"),
        partial_failures=table.flag("partial_failures"),
        bisect=table.flag("bisect"),
        retries=table.number("retries"),
        parallelization=table.number("parallelization"),
        on_failure_arn=table.optional_named("on_failure_arn"),
        filters=_filters(table),
    )


def _filters(table: Table) -> tuple[str, ...]:
    tables = table.tables("filters")
    if len(tables) > MOST_FILTERS:
        table.refuse(
            "filters", f"found {len(tables)} filters; expected at most {MOST_FILTERS}", hint="combine some of them"
        )
    whole = attrs.evolve(table, values={f"filters[{n}]": item.values for n, item in enumerate(tables)})
    patterns = tuple(whole.json(key) for key in whole.values)
    for item in tables:
        _check_operators(item)
    return patterns


# --- url ---
def _url(table: Table, function: str, timeout: int) -> Event:
    table.allow()
    if not isinstance(table.values.get("url", True), str | bool):
        table.wrong("url", allowed='true, "AWS_IAM" or "NONE"', hint="`url = true` is the same as `AWS_IAM`")
    auth = "AWS_IAM" if creates(table, "url") else table.choice("url")
    return FunctionUrl(auth=auth, cors=read_cors(table.table("cors")) if table.has("cors") else None)


_KINDS: Mapping[str, Callable[[Table, str, int], Event]] = {
    "schedule": _schedule,
    "scheduler": read_scheduler,
    "sqs": _queue,
    "sns": _topic,
    "s3": read_bucket,
    "event_pattern": _event_pattern,
    "dynamodb": _dynamodb,
    "kinesis": _kinesis,
    "url": _url,
    "http": read_http_route,
    "rest": read_rest_route,
}
"""Each gets all options as one table, with the source under the kind's name."""
