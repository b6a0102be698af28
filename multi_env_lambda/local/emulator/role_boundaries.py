"""A role that a stack makes has the boundary that its template says, and is asked about under its whole ARN.

Reason: ministack keeps the boundary of a role that the API makes, and forgets that of one that a template makes: a unit
could do here what AWS's boundary forbids. It asks about every role as if it had no path, so that a statement about
``role/units/*`` allows nothing of what AWS allows by it.
Source: ``PermissionsBoundary`` in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (the path is part of the ARN)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_ROLE = "AWS::IAM::Role"


def patch() -> None:
    """Wrap how a template's roles are made and changed, and what a request to IAM is about."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers[_ROLE]
    places = {"create": 1, "update": 2}
    handlers[_ROLE] = steps | {name: _keeping(steps[name], at) for name, at in places.items()}
    actions = load("ministack.core.iam_actions")
    actions.extract_resource_arn = _with_path(original(actions, "extract_resource_arn"))


def _keeping(step: Callable[..., Any], place: int) -> Callable[..., Any]:
    """``place`` is that of the new properties among the arguments; the answer begins with the role's name."""
    roles = original(load("ministack.services.iam"), "_roles")

    def run(*args: Any, **named: Any) -> Any:
        answer = step(*args, **named)
        name = answer[0] if isinstance(answer, tuple) else answer
        properties: Mapping[str, Any] = args[place]
        role = roles.get(name or properties.get("RoleName"))
        if role is not None:
            role["PermissionsBoundary"] = properties.get("PermissionsBoundary")
        return answer

    return run


def _with_path(resource: Callable[..., str]) -> Callable[..., str]:
    roles = original(load("ministack.services.iam"), "_roles")

    def found(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> str:
        arn = resource(service, method, path, headers, body, query_params, *more)
        if service != "iam" or ":role/" not in arn:
            return arn
        account, _, name = arn.partition(":role/")
        known = roles.get(name)
        if known is not None:
            return str(known["Arn"])
        # Of one that is to be made; every other call about a role that is not there fails anyway.
        return f"{account}:role{_one(query_params.get('Path')) or '/'}{name}"

    return found


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")
