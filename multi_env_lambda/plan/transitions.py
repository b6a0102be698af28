"""Changes between two valid templates that AWS would refuse: found before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.changes import replaced_by
from multi_env_lambda.plan.resources import resources_of
from multi_env_lambda.plan.schedule_transitions import over_already
from multi_env_lambda.plan.table_transitions import impossible_table

__all__ = ["impossible"]

_MAPPING = "AWS::Lambda::EventSourceMapping"
_IDENTITY = ("EventSourceArn", "FunctionName")


def impossible(old: str | None, new: str | None, now: float) -> tuple[str, str] | None:
    """What AWS would refuse between two templates, and the way around it; None if nothing is known.

    ``now``: in seconds since 1970.
    """
    return _second_mapping(old, new) or _of_tables(old, new) or _of_machines(old, new) or over_already(old, new, now)


def _of_machines(old: str | None, new: str | None) -> tuple[str, str] | None:
    """A machine of another type is created before the old one goes, and two machines cannot have one name."""
    before = resources_of(old)
    for name, body in resources_of(new).items():
        was, will = before.get(name, {}).get("Properties", {}), body.get("Properties", {})
        if body["Type"] != "AWS::StepFunctions::StateMachine" or was.get("StateMachineName") is None:
            continue
        types = [each.get("StateMachineType", "STANDARD") for each in (was, will)]
        if was["StateMachineName"] == will.get("StateMachineName") and types[0] != types[1]:
            what = (
                f"{name}: its type changes from {types[0]} to {types[1]}, so CloudFormation creates a second one first"
            )
            return f"{what}, and two state machines cannot have one name", "give the new one another key"
    return None


def _of_tables(old: str | None, new: str | None) -> tuple[str, str] | None:
    before = resources_of(old)
    for name, body in resources_of(new).items():
        was = before.get(name, {})
        if body["Type"] == was.get("Type") == "AWS::DynamoDB::Table":
            found = impossible_table(name, was.get("Properties", {}), body.get("Properties", {}))
            if found is not None:
                return found
    return None


def _second_mapping(old: str | None, new: str | None) -> tuple[str, str] | None:
    """A mapping is replaced by creating the new one first; Lambda accepts no second one of a source and function.

    Source: https://github.com/aws/serverless-application-model/issues/1320
    """
    before = {key: (name, properties) for key, name, properties in _mappings(old)}
    for key, name, properties in _mappings(new):
        if key not in before:
            continue
        old_name, old_properties = before[key]
        changed = _replacing(old_properties, properties)
        if name != old_name or changed:
            cause = changed[0] if changed else f"it was named {old_name}"
            what = (
                f"{name}: {cause}, so CloudFormation creates a second mapping of {key[0]} first, which Lambda refuses"
            )
            return (
                what,
                "remove the event and deploy, then add it again; with LATEST, what arrives in between is skipped",
            )
    return None


def _mappings(template: str | None) -> Iterator[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    resources = resources_of(template)
    for name, body in resources.items():
        properties = body.get("Properties", {})
        if body["Type"] == _MAPPING and "EventSourceArn" in properties:
            yield tuple(_text(properties.get(field)) for field in _IDENTITY), name, properties


def _text(value: object) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _replacing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{field} changes from {old.get(field)} to {new.get(field)}"
        for field in sorted(replaced_by(_MAPPING) - {"EventSourceArn"})
        if old.get(field) != new.get(field)
    ]
