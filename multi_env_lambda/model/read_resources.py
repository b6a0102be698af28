"""Reads what a unit's stack creates beside functions and jobs, and compares what refers to it with what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import attrs

from multi_env_lambda.model.data_table import WHOLE_STREAM, read_data_table
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated
from multi_env_lambda.model.resources import DataTable, OwnResource, ResourceKind, ResourceReference, kind_of
from multi_env_lambda.model.settings import DynamoDBStream, Event, Function, GlueJob, Own, Settings
from multi_env_lambda.model.uses import ACCESS, VERBS, Verb

__all__ = ["check_uses", "read_resources", "with_streams"]

_READERS: Mapping[str, Callable[[Table, str], OwnResource]] = {"tables": read_data_table}


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


def with_streams(table: Table, settings: Settings) -> Settings:
    """The settings, in which each table that a function listens to has a stream."""
    heard = {source.key for _, event in _events(settings) if isinstance(source := _source(event), Own)}
    resources = tuple(_with_stream(table, each) if each.key in heard else each for each in settings.resources)
    return attrs.evolve(settings, resources=resources)


def _with_stream(table: Table, resource: OwnResource) -> OwnResource:
    match resource:
        case DataTable(stream=None):
            inner = table.table("tables").table(resource.key)
            if inner.values.get("stream") is False:
                hint = "remove `stream`, or the event"
                inner.refuse("stream", "found false, but a function gets the changes of this table", hint=hint)
            return attrs.evolve(resource, stream=WHOLE_STREAM)
        case _:
            return resource


def _events(settings: Settings) -> Iterator[tuple[Function, Event]]:
    for function in settings.functions:
        for event in function.events:
            yield function, event


# --- what refers to them ---
_Known = Mapping[str, ResourceKind]
"""What there is, by its key."""


def check_uses(table: Table, settings: Settings) -> None:
    """Refuse the first name that the unit does not have, or that is of another kind."""
    made: _Known = {resource.key: kind_of(resource) for resource in settings.resources}
    functions: _Known = dict.fromkeys((function.key for function in settings.functions), "function")
    for function in settings.functions:
        inner = table.table("functions").table(function.key)
        _check_access(inner, function, made, functions)
        for name, value in function.environment:
            if isinstance(value, ResourceReference):
                known = functions if value.kind == "function" else made
                _check_known(inner.table("environment").table(name), value.kind, value.key, value.kind, known)
        for place, event in zip(inner.tables("events"), function.events, strict=True):
            kind = _KIND_OF_SOURCE.get(type(event))
            if kind is not None and isinstance(source := _source(event), Own):
                _check_known(place, kind[0], source.key, kind[1], made)
    for job in settings.jobs:
        _check_access(table.table("jobs").table(job.key), job, made, functions)


_KIND_OF_SOURCE: Mapping[type, tuple[str, ResourceKind]] = {DynamoDBStream: ("dynamodb", "table")}
"""By kind of event: its word in a table, and what it comes from."""


def _source(event: Any) -> Any:
    return event.source if type(event) in _KIND_OF_SOURCE else None


def _check_access(table: Table, holder: Function | GlueJob, made: _Known, functions: _Known) -> None:
    for verb in VERBS:
        known = {**made, **functions} if verb == "invoke" else made
        able = [name for name, kind in known.items() if verb in ACCESS[kind]]
        for number, name in enumerate(getattr(holder, verb)):
            place = f"{verb}[{number}]"
            if name not in known:
                what = (
                    f"the unit has no resource `{name}`" if verb != "invoke" else f"the unit has no function `{name}`"
                )
                table.refuse(place, what, hint=did_you_mean(name, able) if able else "add it, or remove this name")
            if name not in able:
                _refuse_word(table, place, verb, name, known[name])


def _refuse_word(table: Table, place: str, verb: Verb, name: str, kind: ResourceKind) -> NoReturn:
    words = tuple(ACCESS[kind])
    what = f"`{name}` is a {kind}, for which there is no `{verb}`; expected {enumerated(words)}"
    table.refuse(place, what, hint=f'write `{words[0]} = ["{name}"]`')


def _check_known(table: Table, key: str, name: str, kind: ResourceKind, known: _Known) -> None:
    if known.get(name) == kind:
        return
    same = [other for other, its in known.items() if its == kind]
    near = did_you_mean(name, same) if same else ""
    add = f"add the table [tool.multi_env_lambda.{kind}s.{name}]"
    hint = f"{near} Or {add}" if near.endswith("?") else f"{add}, or {near}" if near else add
    table.refuse(key, f"the unit has no {kind} `{name}`", hint=hint)
