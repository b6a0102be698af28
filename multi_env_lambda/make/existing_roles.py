"""What a role that exists has to allow, since no stack adds it: said with each plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.template.functions import function_part
from multi_env_lambda.plan.template.parts import StackInput, logical_id

__all__ = ["notes_on_roles"]


def notes_on_roles(units: Sequence[StackInput]) -> tuple[str, ...]:
    """One for each function and role: ``units`` are one unit in each environment."""
    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for unit in units:
        for function in unit.settings.functions:
            if function.role is not None:
                needs = tuple(sorted(set(_actions(unit, attrs.evolve(function, role=None)))))
                found.setdefault((function.key, function.role, needs), []).append(unit.environment.name)
    return tuple(
        f"`{key}` has the role {role} in {', '.join(places)}, to which its stack adds no permission; "
        f"it has to allow {', '.join(needs)}, and lambda.amazonaws.com to assume it"
        for (key, role, needs), places in found.items()
    )


def _actions(unit: StackInput, function: Function) -> Iterator[str]:
    """What the role of its own would allow because of the function's settings and events."""
    for resource in function_part(unit, function).resources:
        if resource.logical_id == logical_id(function.key, "Role"):
            for policy in resource.properties["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield from statement["Action"]
