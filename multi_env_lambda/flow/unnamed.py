"""What somebody did to functions that CloudFormation does not see, since no property of the template covers it.

It compares only what a template names: neither a reservation that the template lacks (with 0 the function is switched
off), nor whether a layer version that a function names still exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import AccountError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.plan.pins import logical_ids
from multi_env_lambda.world import Platform

__all__ = ["unnamed_drift"]


def unnamed_drift(
    platform: Platform, environment: Environment, template: str, latest: Mapping[str, FunctionCode | None]
) -> tuple[ResourceDrift, ...]:
    """Reservations that no template has made, and layer versions of functions that are gone.

    A role that was set up before this check existed may lack the permission; what it cannot read is left out.

    Args:
        latest: the functions of the template, as ``flow/code.py`` has seen them.

    Raises:
        StackError: a function or a layer cannot be read.
    """
    said = _said_reservations(template)

    def look(place: tuple[str, str]) -> ResourceDrift | None:
        name, logical_id = place
        found: list[PropertyDifference] = []
        with suppress(AccountError):
            reserved = None if name in said else platform.reserved(environment, name)
            if reserved is not None:
                found.append(_difference("/ReservedConcurrentExecutions", "null", str(reserved), "ADD"))
        there = latest[name]
        for arn in () if there is None else there.layers:
            with suppress(AccountError):
                if platform.layer_sha256(environment, arn) is None:
                    found.append(_difference("/Layers", arn, "a version that somebody deleted", "NOT_EQUAL"))
        if not found:
            return None
        return ResourceDrift(
            logical_id=logical_id, resource_type="AWS::Lambda::Function", status="MODIFIED", differences=tuple(found)
        )

    return tuple(item for item in in_parallel(look, logical_ids(template).items()) if item is not None)


def _difference(path: str, expected: str, actual: str, kind: str) -> PropertyDifference:
    return PropertyDifference(path=path, expected=expected, actual=actual, kind=kind)


def _said_reservations(template: str) -> set[str]:
    """The functions whose template says what is reserved, which CloudFormation compares."""
    bodies: list[Mapping[str, object]] = [
        body.get("Properties", {})
        for body in json.loads(template)["Resources"].values()
        if body["Type"] == "AWS::Lambda::Function"
    ]
    return {str(item.get("FunctionName")) for item in bodies if "ReservedConcurrentExecutions" in item}
