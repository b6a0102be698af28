"""IAM limits the size of policies: all inline policies of a role together, each managed policy, and ten of these per
role.

Reason: ministack accepts any size, so a unit that has grown for a year is refused by AWS in the middle of a deployment.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
Texts: https://github.com/serverless/serverless/issues/7643 and https://github.com/aws/aws-cdk/issues/12403
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_OF_A_ROLE = 10_240
_MANAGED = 6_144
"""Characters; white space does not count."""
_POLICIES_OF_A_ROLE = 10

_Check = Callable[[str, Mapping[str, Any]], None]
"""A name (the logical id of what is made without one) and the properties in; raises."""


def patch() -> None:
    """Check a policy before it is stored, through a template or a call."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    checks = {"AWS::IAM::Role": _role, "AWS::IAM::Policy": _policy, "AWS::IAM::ManagedPolicy": _managed_policy}
    for kind, check in checks.items():
        handlers[kind] = _checked(handlers[kind], check)
    iam = load("ministack.services.iam")
    calls, parameter, refuse = original(iam, "_IAM_HANDLERS"), original(iam, "_p"), original(iam, "_error")
    put = calls["PutRolePolicy"]

    def put_if_it_fits(parameters: Any) -> Any:
        role, name = parameter(parameters, "RoleName"), parameter(parameters, "PolicyName")
        text = _too_long(role, {name: parameter(parameters, "PolicyDocument")})
        return refuse(409, "LimitExceeded", text, ns="iam") if text else put(parameters)

    calls["PutRolePolicy"] = put_if_it_fits
    attach, roles = calls["AttachRolePolicy"], original(iam, "_roles")

    def attach_if_there_is_room(parameters: Any) -> Any:
        role = roles.get(parameter(parameters, "RoleName")) or {}
        others = [arn for arn in role.get("AttachedPolicies", ()) if arn != parameter(parameters, "PolicyArn")]
        if len(others) >= _POLICIES_OF_A_ROLE:
            text = f"Cannot exceed quota for PoliciesPerRole: {_POLICIES_OF_A_ROLE}"
            return refuse(409, "LimitExceeded", text, ns="iam")
        return attach(parameters)

    calls["AttachRolePolicy"] = attach_if_there_is_room


def _checked(handler: Mapping[str, Any], check: _Check) -> dict[str, Any]:
    create, update = handler["create"], handler["update"]

    def created(logical_id: str, properties: Any, *more: Any) -> Any:
        check(str(properties.get("RoleName", logical_id)), properties)
        return create(logical_id, properties, *more)

    def updated(physical_id: str, old: Any, new: Any, *more: Any) -> Any:
        check(physical_id, new)
        return update(physical_id, old, new, *more)

    return {**handler, "create": created, "update": updated}


def _role(name: str, properties: Mapping[str, Any]) -> None:
    own = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", ())}
    _refuse(_too_long(name, own))


def _policy(_: str, properties: Mapping[str, Any]) -> None:
    for role in properties.get("Roles", ()):
        _refuse(_too_long(role, {properties["PolicyName"]: properties["PolicyDocument"]}))


def _managed_policy(_: str, properties: Mapping[str, Any]) -> None:
    if _size(properties["PolicyDocument"]) > _MANAGED:
        _refuse(f"Cannot exceed quota for PolicySize: {_MANAGED}")


def _refuse(text: str) -> None:
    if text:
        raise ValueError(f"{text} (Service: Iam, Status Code: 409, Request ID: 0)")


def _too_long(role: str, policies: Mapping[str, Any]) -> str:
    """Together with the role's other policies; empty if they fit."""
    kept = original(load("ministack.services.iam"), "_roles").get(role) or {}
    total = sum(map(_size, {**kept.get("InlinePolicies", {}), **policies}.values()))
    return f"Maximum policy size of {_OF_A_ROLE} bytes exceeded for role {role}" if total > _OF_A_ROLE else ""


def _size(document: Any) -> int:
    text = document if isinstance(document, str) else json.dumps(document)
    return len("".join(text.split()))
