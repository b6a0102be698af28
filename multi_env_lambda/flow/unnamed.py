"""What somebody did that CloudFormation does not see, since no property of the template covers it.

It compares only what a template names: neither a reservation that the template lacks (with 0 the function is
switched off), nor whether a layer version that a function names still exists, nor the tags of the stack itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from multi_env_lambda.aws.account import Platform
from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import AccountError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.plan.pins import logical_ids
from multi_env_lambda.world import World

__all__ = ["STACK", "lost_layers", "tag_drift", "unnamed_drift", "unreserve"]

STACK = "AWS::CloudFormation::Stack"
"""The type of what is gone, or has other tags, where that is a whole stack."""

_DELETED = "a version that somebody deleted"


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
        reserved = None if name in said else _reserved(platform, environment, name)
        if reserved is not None:
            found.append(_difference("/ReservedConcurrentExecutions", "null", str(reserved), "ADD"))
        there = latest[name]
        for arn in () if there is None else there.layers:
            with suppress(AccountError):
                if platform.layer_sha256(environment, arn) is None:
                    found.append(_difference("/Layers", arn, _DELETED, "NOT_EQUAL"))
        if not found:
            return None
        return ResourceDrift(
            logical_id=logical_id, resource_type="AWS::Lambda::Function", status="MODIFIED", differences=tuple(found)
        )

    return tuple(item for item in in_parallel(look, logical_ids(template).items()) if item is not None)


def tag_drift(stack_name: str, there: Mapping[str, str], expected: Mapping[str, str]) -> tuple[ResourceDrift, ...]:
    """The tags of a stack, which CloudFormation hands on to what is in it, that are not those that were sent."""
    found = [
        _difference(f"/Tags/{key}", expected.get(key, "null"), there.get(key, "null"), kind)
        for key in sorted({*there, *expected})
        if there.get(key) != expected.get(key)
        for kind in ("ADD" if key not in expected else "REMOVE" if key not in there else "NOT_EQUAL",)
    ]
    if not found:
        return ()
    return (ResourceDrift(logical_id=stack_name, resource_type=STACK, status="MODIFIED", differences=tuple(found)),)


def unreserve(world: World, environment: Environment, template: str, held: Held, say: Callable[[str], None]) -> None:
    """Take back reservations that no template has made, which no template undoes; with 0 the function was switched off.

    Raises:
        PlanStale: the lease is lost.
        StackError, AccountError: Lambda does not answer, or the role may not take it back.
    """

    def put_right(name: str) -> None:
        found = _reserved(world.platform, environment, name)
        if found is not None:
            say(f"{name}: somebody has reserved {found}, which is removed")
            world.platform.unreserve(environment, name, held)

    in_parallel(put_right, sorted(logical_ids(template).keys() - _said_reservations(template)))


def _reserved(platform: Platform, environment: Environment, name: str) -> int | None:
    """What is reserved for a function; None also where the role may not see it."""
    with suppress(AccountError):
        return platform.reserved(environment, name)
    return None


def lost_layers(found: Iterable[ResourceDrift], template: str) -> tuple[str, ...]:
    """Layer versions that the template names itself, and somebody deleted; what the stack makes comes back with it."""
    missing = {one.expected for item in found for one in item.differences if one.actual == _DELETED}
    return tuple(sorted(arn for arn in missing if json.dumps(arn) in template))


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
