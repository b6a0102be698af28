"""State machines of SAM that our own table can say: the definition stays the file that it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, key_of, references
from multi_env_lambda.adopt.document import Node, read_document
from multi_env_lambda.adopt.sam_events import is_off, plain_pattern
from multi_env_lambda.adopt.sam_layers import path_in
from multi_env_lambda.adopt.sam_said import say_parts
from multi_env_lambda.adopt.sam_schedule import OF_A_SCHEDULE, read_scheduled
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.keys.event import SCHEDULE_EXPRESSION
from multi_env_lambda.model.keys.state_machine import DEFINITION_FILE
from multi_env_lambda.model.state_language import problem_with_definition, substituted_names
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["read_own_machine"]

_KNOWN = frozenset({"DefinitionUri", "DefinitionSubstitutions", "Policies", "Events", "Type", "Tracing"})
_LONGEST_KEY = 30
_DEFAULT_VALUE = {
    ("table", ""): "",
    ("table", "Arn"): "arn",
    ("queue", ""): "",
    ("queue", "Arn"): "arn",
    ("queue", "QueueName"): "name",
    ("topic", ""): "",
    ("topic", "TopicArn"): "",
    ("topic", "TopicName"): "name",
    ("bucket", ""): "",
    ("bucket", "Arn"): "arn",
    ("function", ""): "name",
    ("function", "Arn"): "",
}
"""By kind and attribute: the word of ``value``; empty for what a reference means without it."""


def read_own_machine(
    draft: Draft,
    name: str,
    node: Node,
    resources: Mapping[str, Node],
    texts: Callable[[str], str | None],
    at: str,
) -> bool:
    """Whether it has become a table; otherwise nothing was said about it.

    ``texts`` gives the content of a file by its path from the template, which is in the folder ``at`` of the unit.
    """
    properties = node.get("Properties") or node
    table = _table(draft, properties, texts, at)
    others = (draft.values.of(other) for key, other in resources.items() if key != name)
    if table is None or any(name in references(value) for value in others):
        return False
    machines = draft.unit_table.setdefault("state_machines", {})
    key = key_of(name, {**machines, **_taken(draft)}, _LONGEST_KEY, ("state-machine",))
    machines[key] = table
    draft.renamed[name] = logical_id(key, "StateMachine")
    draft.carried("", f"{name} (AWS::Serverless::StateMachine)", node, f"state_machines.{key}")
    events = properties.get("Events")
    found = [_event(draft, name, event, each) for event, each in (events.table.items() if events is not None else ())]
    if starts := [each for each in found if each is not None]:
        table["events"] = starts
    return True


def _taken(draft: Draft) -> dict[str, Any]:
    """One key is one resource, whatever its kind."""
    return {each.key: None for each in draft.own.values()}


def _table(draft: Draft, properties: Node, texts: Callable[[str], str | None], at: str) -> dict[str, Any] | None:
    file = draft.values.of(properties.get("DefinitionUri"))
    path = path_in(at, file) if isinstance(file, str) else None
    if set(properties.table) - _KNOWN or path is None or not DEFINITION_FILE.accepts(path):
        return None
    substitutions = dict(_substitutions(draft, draft.values.of(properties.get("DefinitionSubstitutions")) or {}))
    kind = draft.values.of(properties.get("Type")) or "STANDARD"
    calls = _called(draft, draft.values.of(properties.get("Policies")) or [])
    if None in substitutions.values() or calls is None or kind not in ("STANDARD", "EXPRESS"):
        return None
    if not _is_understood(texts(str(file)), path, substitutions, express=kind == "EXPRESS"):
        return None
    tracing = draft.values.of(properties.get("Tracing"))
    named = [each["function"] for each in substitutions.values() if isinstance(each, Mapping) and "function" in each]
    more = {
        "substitutions": substitutions,
        "type": "express" if kind == "EXPRESS" else None,
        "log_level": "OFF" if kind == "EXPRESS" else None,
        "tracing": True if isinstance(tracing, Mapping) and str(tracing.get("Enabled")).lower() == "true" else None,
        "invoke": [key for key in calls if key not in named],
    }
    return {"definition": path, **{key: value for key, value in more.items() if value}}


def _is_understood(text: str | None, file: str, substitutions: Mapping[str, Any], *, express: bool) -> bool:
    if text is None:
        return False
    try:
        found = read_document(text, file).plain()
    except ConfigurationError:
        return False
    names = substituted_names(json.dumps(found, default=str))
    is_whole = isinstance(found, Mapping) and problem_with_definition(found, express=express) is None
    return is_whole and names <= substitutions.keys()


def _substitutions(draft: Draft, values: Any) -> Iterator[tuple[str, Any]]:
    """What has no word here becomes None."""
    for name, value in values.items() if isinstance(values, Mapping) else ():
        target = draft.target(value)
        if target is None:
            yield name, draft.text(value) if isinstance(value, str | Mapping) else value
            continue
        logical, attribute = target
        own = draft.own.get(logical)
        kind = "function" if logical in draft.functions else "" if own is None else own.kind
        key = draft.functions.get(logical) or ("" if own is None else own.key)
        word = _DEFAULT_VALUE.get((kind, attribute))
        if word is None:
            yield name, draft.text(value)
        else:
            yield name, {kind: key, **({"value": word} if word else {})}


def _called(draft: Draft, policies: Any) -> list[str] | None:
    """The keys of the functions that it may call; None if its policies allow anything else."""
    found: list[str] = []
    for policy in policies if isinstance(policies, list) else [policies]:
        match policy:
            case {"LambdaInvokePolicy": {"FunctionName": named}} if len(policy) == 1:
                key = draft.functions.get(draft.referred(named))
                if key is None:
                    return None
                found.append(key)
            case _:
                return None
    return found


def _event(draft: Draft, machine: str, name: str, node: Node) -> dict[str, Any] | None:
    kind, properties = str(node.text("Type")), node.get("Properties") or node
    what = f"{machine}: event {name} ({kind})"
    if is_off(draft, properties):
        draft.left("", what, node, "it is disabled: add the event when it is to run")
        return None
    entry, known = _entry(draft, what, kind, properties)
    if entry is None:
        if kind != "ScheduleV2":
            draft.left("", what, node, "write what starts it in stack.py")
        return None
    draft.carried("", what, node, f"{next(iter(entry))} = {json.dumps(next(iter(entry.values())))}")
    say_parts(draft, "", what, properties, {"Type", *known})
    return entry


def _entry(draft: Draft, what: str, kind: str, properties: Node) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """The table of an event, and the properties that it says."""
    if kind == "ScheduleV2":
        found = read_scheduled(draft, "", what, properties)
        return (None if found is None else dict(found)), OF_A_SCHEDULE
    if kind == "Schedule":
        expression = draft.text(draft.values.of(properties.get("Schedule")))
        given = draft.values.of(properties.get("Input"))
        if expression is None or not SCHEDULE_EXPRESSION.accepts(expression):
            return None, frozenset()
        payload = _json(given)
        return {"schedule": expression, **payload}, frozenset({"Schedule", "State", "Enabled", *_read(payload)})
    pattern = plain_pattern(draft.values.of(properties.get("Pattern")), draft)
    if kind not in ("EventBridgeRule", "CloudWatchEvent") or not isinstance(pattern, Mapping):
        return None, frozenset()
    bus = properties.get("EventBusName")
    named = None if bus is None else draft.text(draft.values.of(bus))
    if bus is not None and named is None:
        return None, frozenset()
    more = {} if named in (None, "default") else {"bus": named}
    return {"event_pattern": pattern, **more}, frozenset({"Pattern", "EventBusName", "State", "Enabled"})


def _json(given: Any) -> dict[str, Any]:
    try:
        return {} if given is None else {"payload": json.loads(given) if isinstance(given, str) else given}
    except ValueError:
        return {}


def _read(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return ("Input",) if payload else ()
