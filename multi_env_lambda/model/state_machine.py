"""Reads one state machine of a unit.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (1 MB)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from multi_env_lambda.model.event import read_starting
from multi_env_lambda.model.keys.state_machine import NAME, STATE_MACHINE
from multi_env_lambda.model.policy import read_policies
from multi_env_lambda.model.reading import Table, did_you_mean, shown, substitute
from multi_env_lambda.model.resources import ResourceReference, StateMachine
from multi_env_lambda.model.state_language import problem_with_definition, substituted_names
from multi_env_lambda.model.uses import read_reference, read_uses

__all__ = ["read_state_machine", "substituted_outside_definitions"]

_LONGEST_DEFINITION = 1_048_576


def read_state_machine(table: Table, key: str) -> StateMachine:
    """``table`` is already merged and substituted; its definition is a table, wherever it was written."""
    table = table.of(STATE_MACHINE)
    table.allow()
    kind = table.choice("type")
    definition = _definition(table, express=kind == "express")
    level = table.choice("log_level", default="ERROR" if kind == "express" else "OFF")
    if table.flag("log_data") and level == "OFF":
        table.refuse("log_data", "found true, but nothing is logged", hint='add `log_level = "ALL"`')
    return StateMachine(
        key=key,
        definition=definition,
        substitutions=tuple(_substitutions(table, definition)),
        type=kind,
        log_level=level,
        log_data=table.flag("log_data"),
        log_retention_days=int(table.one_of_numbers("log_retention_days")),
        tracing=table.flag("tracing"),
        read=read_uses(table, "read"),
        write=read_uses(table, "write"),
        invoke=read_uses(table, "invoke"),
        start=read_uses(table, "start"),
        policies=read_policies(table),
        events=tuple(read_starting(item, machine=key) for item in table.tables("events")),
    )


def _definition(table: Table, *, express: bool) -> str:
    found = table.require("definition", hint='name a file of the unit: `definition = "checkout.asl.json"`')
    if not isinstance(found, Mapping):
        table.wrong("definition", allowed="a table, or the path of a file", hint="a file of the unit with the states")
    text = table.json("definition")
    if (size := len(text.encode("utf-8"))) > _LONGEST_DEFINITION:
        what = f"found {size:,} bytes of JSON; the limit is {_LONGEST_DEFINITION:,}"
        table.refuse("definition", what, hint="move some of its states to a state machine that this one starts")
    if (problem := problem_with_definition(found, express=express)) is not None:
        key, what, hint = problem
        table.refuse(f"definition.{key}", what, hint=hint)
    return text


def _substitutions(table: Table, definition: str) -> Iterator[tuple[str, str | ResourceReference]]:
    inner = table.table("substitutions")
    for name in sorted(substituted_names(definition) - inner.values.keys()):
        near = did_you_mean(name, inner.values) if inner.values else ""
        add = f"add `{name} = {{ function = … }}` to `substitutions`"
        hint = f"{near} Or {add}" if near.endswith("?") else add
        table.refuse("definition", f"found `${{{name}}}`, for which there is no substitution", hint=hint)
    for name in sorted(inner.values):
        if not NAME.accepts(name):
            inner.refuse(name, f"found the name `{name}`; expected {NAME.allowed}", hint=NAME.hint)
        yield name, _substitution(inner, name)


def _substitution(table: Table, name: str) -> str | ResourceReference:
    match table.values[name]:
        case str(text):
            return text
        case bool(flag):
            return "true" if flag else "false"
        case int() | float() as number:
            return str(number)
        case Mapping():
            found = read_reference(table.table(name), {})
            if found is not None:
                return found
        case _:
            pass
    what = f"found {shown(table.values[name])}; expected a text, a number, true, false, or a resource of the unit"
    table.refuse(name, what, hint='for example { function = "pay" }')


# --- ${…} ---
def substituted_outside_definitions(table: Table, variables: Mapping[str, str]) -> Table:
    """``${…}`` in a definition is CloudFormation's, and not a variable of the table."""
    machines = table.values.get("state_machines")
    if not isinstance(machines, Mapping):
        return substitute(table, variables)
    kept = {key: each["definition"] for key, each in machines.items() if _has_definition(each)}
    without = {key: _without(each) if key in kept else each for key, each in machines.items()}
    found = substitute(attrs.evolve(table, values={**table.values, "state_machines": without}), variables)
    after = found.values["state_machines"]
    assert isinstance(after, Mapping)
    whole = {key: {**each, "definition": kept[key]} if key in kept else each for key, each in after.items()}
    return attrs.evolve(found, values={**found.values, "state_machines": whole})


def _has_definition(machine: object) -> bool:
    return isinstance(machine, Mapping) and "definition" in machine


def _without(machine: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in machine.items() if key != "definition"}
