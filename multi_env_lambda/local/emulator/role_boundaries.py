"""A role in a stack has the permissions boundary in its template, and is authorised under its ARN with its path.

Reason: ministack keeps the boundary of a role created through the API but drops that of a role in a template, so a unit
could do here what the boundary forbids on AWS. It also omits the path, so a statement on ``role/units/*`` never
matches.
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
    """Wrap the creation and change of roles in templates, and the resource of requests to IAM."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers[_ROLE]
    places = {"create": 1, "update": 2}
    handlers[_ROLE] = steps | {name: _keeping(steps[name], at) for name, at in places.items()}
    actions = load("ministack.core.iam_actions")
    actions.extract_resource_arn = _with_path(original(actions, "extract_resource_arn"))


def _keeping(step: Callable[..., Any], place: int) -> Callable[..., Any]:
    """``place`` is the position of the new properties among the arguments; the answer begins with the role's name."""
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
