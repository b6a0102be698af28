"""What in a stack holds data or is kept: noted in its record, so that it can be found when the stack is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.aws.account import Platform
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.stateful import body_holds_data

__all__ = ["stateful_resources"]

_MADE_ANEW = frozenset({"AWS::Lambda::LayerVersion", "AWS::Lambda::Version"})
"""From the release, under a different number."""


def stateful_resources(
    platform: Platform, environment: Environment, stack_name: str, template: str
) -> tuple[PhysicalResource, ...]:
    """What in a stack holds data, by the names that AWS knows it under.

    If the template has them all, as for log groups, that costs no call.
    """
    bodies = {
        name: body
        for name, body in json.loads(template)["Resources"].items()
        if (body_holds_data(body) or "DeletionPolicy" in body) and body["Type"] not in _MADE_ANEW
    }
    named = tuple(item for name, body in bodies.items() if (item := _named_log_group(name, body)) is not None)
    if len(named) == len(bodies):
        return named
    types = {body["Type"] for body in bodies.values()}
    return tuple(item for item in platform.resources(environment, stack_name) if item.type in types)


def _named_log_group(logical_id: str, body: Mapping[str, Any]) -> PhysicalResource | None:
    """A log group whose name is its physical id, and is in the template."""
    name = body.get("Properties", {}).get("LogGroupName")
    if body["Type"] != "AWS::Logs::LogGroup" or "Condition" in body or not isinstance(name, str):
        return None
    return PhysicalResource(logical_id=logical_id, type=body["Type"], physical_id=name)
