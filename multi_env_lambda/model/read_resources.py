"""Reads what a unit's stack creates beside functions and jobs, and compares what refers to it with what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, assert_never

import attrs

from multi_env_lambda.model.data_bucket import read_data_bucket
from multi_env_lambda.model.data_table import WHOLE_STREAM, read_data_table
from multi_env_lambda.model.messages import read_queue, read_topic
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.own_values import read_parameter, read_secret
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated
from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnParameter,
    OwnResource,
    OwnSecret,
    ResourceKind,
    ResourceReference,
    SecurityGroup,
    StateMachine,
    kind_of,
)
from multi_env_lambda.model.security_group import read_security_group
from multi_env_lambda.model.settings import (
    Declared,
    DynamoDBStream,
    Event,
    Function,
    GlueJob,
    Queue,
    SchedulerSchedule,
    Settings,
    Topic,
)
from multi_env_lambda.model.state_machine import read_state_machine
from multi_env_lambda.model.uses import ACCESS, VERBS, Verb

__all__ = ["check_uses", "completed", "read_resources"]

_READERS: Mapping[str, Callable[[Table, str], OwnResource]] = {
    "tables": read_data_table,
    "queues": read_queue,
    "topics": read_topic,
    "buckets": read_data_bucket,
    "parameters": read_parameter,
    "secrets": read_secret,
    "state_machines": read_state_machine,
    "security_groups": read_security_group,
}


def read_resources(table: Table) -> tuple[OwnResource, ...]:
    """All of a unit in one environment; ``table`` is the unit's, already merged and substituted."""
    found: list[OwnResource] = []
    seen: dict[str, str] = {}
    for title, read in _READERS.items():
        for name, inner in table.subtables(title):
            _check_name(table, title, name, seen)
            found.append(read(inner, name))
    return tuple(found)


def _check_name(table: Table, title: str, name: str, seen: dict[str, str]) -> None:
    """One name is one resource, whatever its kind: `read = ["orders"]` must not have two meanings."""
    if not KEY.accepts(name):
        table.table(title).refuse(name, f"found the name `{name}`; expected {KEY.allowed}", hint=KEY.hint)
    plain = name.replace("-", "").replace("_", "")
    if plain in seen:
        what = f"`{title}.{name}` and `{seen[plain]}` have the same name"
        hint = "the resources of a unit need names that differ in letters or digits"
        table.table(title).refuse(name, what, hint=hint)
    seen[plain] = f"{title}.{name}"


def completed(table: Table, settings: Settings) -> Settings:
    """The settings, in which each resource has what the functions that read it need: a stream, time for their work."""
    resources = tuple(_complete(table, each, settings) for each in settings.resources)
    return attrs.evolve(settings, resources=resources)


def _complete(table: Table, resource: OwnResource, settings: Settings) -> OwnResource:
    match resource:
        case DataTable(key=key):
            return _with_stream(table.table("tables").table(key), resource, _readers(settings, DynamoDBStream, key))
        case MessageQueue(key=key):
            return _with_time(table.table("queues").table(key), resource, _readers(settings, Queue, key))
        case MessageTopic() | DataBucket() | OwnParameter() | OwnSecret() | StateMachine() | SecurityGroup():
            return resource
        case _:
            assert_never(resource)


def _with_stream(table: Table, resource: DataTable, readers: list[tuple[Function, Any]]) -> DataTable:
    if not readers or resource.stream is not None:
        return resource
    if table.values.get("stream") is False:
        hint = "remove `stream`, or the event"
        table.refuse("stream", "found false, but a function gets the changes of this table", hint=hint)
    return attrs.evolve(resource, stream=WHOLE_STREAM)


def _with_time(table: Table, queue: MessageQueue, readers: list[tuple[Function, Any]]) -> MessageQueue:
    """As for a queue that an event creates: messages must not come back while a function works on them."""
    least = max((6 * function.timeout + event.window for function, event in readers), default=0)
    if queue.visibility_timeout is None:
        return attrs.evolve(queue, visibility_timeout=least or 30)
    if queue.visibility_timeout < least:
        found = f"found {queue.visibility_timeout}; expected {least} or more"
        what = f"{found}: 6 times the timeout of a function that reads it, plus the window"
        table.refuse("visibility_timeout", what, hint=f"leave it out for {least}")
    return queue


def _readers(settings: Settings, kind: type, key: str) -> list[tuple[Function, Any]]:
    """The functions with an event of this resource, and the event."""
    return [
        (function, event)
        for function in settings.functions
        for event in function.events
        if isinstance(event, kind) and getattr(event, "source", None) == Declared(key=key)
    ]


# --- what refers to them ---
_Known = Mapping[str, ResourceKind]
"""What there is, by its key."""


def check_uses(table: Table, settings: Settings) -> None:
    """Refuse the first name that the unit does not have, or that is of another kind."""
    made: _Known = {resource.key: kind_of(resource) for resource in settings.resources}
    functions: _Known = dict.fromkeys((function.key for function in settings.functions), "function")
    for function in settings.functions:
        _check_function(table.table("functions").table(function.key), function, settings, made, functions)
    _check_fans(table, settings, made)
    for resource in settings.resources:
        if isinstance(resource, OwnParameter) and isinstance(named := resource.value, ResourceReference):
            _check_reference(table.table("parameters").table(resource.key).table("value"), named, made, functions)
        if isinstance(resource, StateMachine):
            _check_machine(table.table("state_machines").table(resource.key), resource, settings, made, functions)
        if isinstance(resource, SecurityGroup):
            _check_peers(table.table("security_groups").table(resource.key), resource, made)
    for job in settings.jobs:
        _check_access(table.table("jobs").table(job.key), job, made, functions)


def _check_function(table: Table, function: Function, settings: Settings, made: _Known, functions: _Known) -> None:
    _check_access(table, function, made, functions)
    _check_references(table, "environment", function.environment, made, functions)
    if function.vpc is not None:
        _check_groups(table.table("vpc"), function.vpc.security_groups, settings, made)
    for place, event in zip(table.tables("events"), function.events, strict=True):
        source = getattr(event, "source", None)
        if isinstance(source, Declared):
            word, kind = _KIND_OF_SOURCE[type(event)]
            _check_known(place, word, source.key, kind, made)
            _check_order(place, event, next(each for each in settings.resources if each.key == source.key))
        if isinstance(event, SchedulerSchedule):
            _check_dead_letters(place, event, settings, made)


def _check_references(
    table: Table, key: str, values: Iterable[tuple[str, object]], made: _Known, functions: _Known
) -> None:
    for name, value in values:
        if isinstance(value, ResourceReference):
            _check_reference(table.table(key).table(name), value, made, functions)


def _check_reference(table: Table, value: ResourceReference, made: _Known, functions: _Known) -> None:
    known = functions if value.kind == "function" else made
    _check_known(table, value.kind, value.key, value.kind, known)


def _check_machine(table: Table, machine: StateMachine, settings: Settings, made: _Known, functions: _Known) -> None:
    _check_access(table, machine, made, functions)
    _check_references(table, "substitutions", machine.substitutions, made, functions)
    for place, event in zip(table.tables("events"), machine.events, strict=True):
        if isinstance(event, SchedulerSchedule):
            _check_dead_letters(place, event, settings, made)


def _check_groups(table: Table, names: Iterable[str], settings: Settings, made: _Known) -> None:
    """A function is in one VPC, and so are its groups."""
    vpcs = {each.key: each.vpc_id for each in settings.resources if isinstance(each, SecurityGroup)}
    first = ""
    for number, name in enumerate(names):
        place = f"security_groups[{number}]"
        _check_known(table, place, name, "security_group", made)
        first = first or name
        if vpcs[name] != vpcs[first]:
            what = f"`{name}` is in {vpcs[name]}, and `{first}` in {vpcs[first]}"
            table.refuse(place, what, hint="a function is in one VPC: name groups of that one")


def _check_peers(table: Table, group: SecurityGroup, made: _Known) -> None:
    for key, rules in (("allow_to", group.allow_to), ("allow_from", group.allow_from)):
        # Rules that nobody wrote name no group.
        for place, rule in zip(table.tables(key), rules, strict=False):
            if rule.kind == "own_group":
                _check_known(place, "security_group", rule.peer, "security_group", made)


_KIND_OF_SOURCE: Mapping[type, tuple[str, ResourceKind]] = {
    DynamoDBStream: ("dynamodb", "table"),
    Queue: ("sqs", "queue"),
    Topic: ("sns", "topic"),
}
"""By kind of event: its word in a table, and what it comes from."""


def _check_order(table: Table, event: Event, source: OwnResource) -> None:
    """What keeps the order of messages is read by fewer at a time."""
    match event, source:
        case Queue(batch_size=size, window=window), MessageQueue(fifo=True) if size > 10 or window:
            key = "window" if window else "batch_size"
            hint = "a FIFO queue delivers up to 10 messages, and does not wait for more"
            table.refuse(key, f"found {window or size}, but `{source.key}` is a FIFO queue", hint=hint)
        case Topic(), MessageTopic(fifo=True):
            hint = "name a FIFO queue in `queues` of the topic, and use that queue as `sqs`"
            table.refuse("sns", f"`{source.key}` is a FIFO topic, which delivers only to queues", hint=hint)
        case _:
            return


def _check_dead_letters(table: Table, event: SchedulerSchedule, settings: Settings, made: _Known) -> None:
    """Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    if isinstance(event.dead_letter_queue, Declared):
        key = event.dead_letter_queue.key
        _check_known(table, "dead_letter_queue", key, "queue", made)
        if any(each.fifo for each in settings.resources if isinstance(each, MessageQueue) and each.key == key):
            hint = "name a queue without `fifo`"
            table.refuse("dead_letter_queue", f"`{key}` is a FIFO queue, which the scheduler does not use", hint=hint)


def _check_fans(table: Table, settings: Settings, made: _Known) -> None:
    """The queues that a topic delivers to."""
    queues = {each.key: each for each in settings.resources if isinstance(each, MessageQueue)}
    for topic in settings.resources:
        if isinstance(topic, MessageTopic):
            inner = table.table("topics").table(topic.key)
            for number, name in enumerate(topic.queues):
                _check_known(inner, f"queues[{number}]", name, "queue", made)
                if queues[name].fifo and not topic.fifo:
                    hint = "add `fifo = true` to the topic, or remove it from the queue"
                    inner.refuse(f"queues[{number}]", f"`{name}` is a FIFO queue, and the topic is not", hint=hint)


def _check_access(table: Table, holder: Function | GlueJob | StateMachine, made: _Known, functions: _Known) -> None:
    for verb in VERBS:
        known = {**made, **functions} if verb == "invoke" else made
        able = [name for name, kind in known.items() if verb in ACCESS[kind]]
        for number, name in enumerate(getattr(holder, verb)):
            place = f"{verb}[{number}]"
            if name not in known:
                what = f"the unit has no {_WHAT_IS.get(verb, 'resource')} `{name}`"
                table.refuse(place, what, hint=did_you_mean(name, able) if able else "add it, or remove this name")
            if name not in able:
                _refuse_word(table, place, verb, name, known[name])


_WHAT_IS: Mapping[Verb, str] = {"invoke": "function", "start": "state machine"}


def _refuse_word(table: Table, place: str, verb: Verb, name: str, kind: ResourceKind) -> NoReturn:
    words, said = tuple(ACCESS[kind]), f"`{name}` is a {kind.replace('_', ' ')}"
    if not words:
        table.refuse(place, f"{said}, which needs no permission", hint="name it in `security_groups` of `vpc`")
    what = f"{said}, for which there is no `{verb}`; expected {enumerated(words)}"
    table.refuse(place, what, hint=f'write `{words[0]} = ["{name}"]`')


def _check_known(table: Table, key: str, name: str, kind: ResourceKind, known: _Known) -> None:
    if known.get(name) == kind:
        return
    same = [other for other, its in known.items() if its == kind]
    near = did_you_mean(name, same) if same else ""
    add = f"add the table [tool.multi_env_lambda.{kind}s.{name}]"
    hint = f"{near} Or {add}" if near.endswith("?") else f"{add}, or {near}" if near else add
    table.refuse(key, f"the unit has no {kind.replace('_', ' ')} `{name}`", hint=hint)
