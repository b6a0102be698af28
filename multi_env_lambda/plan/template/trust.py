"""Whether what gets a role in a template may assume it: AWS refuses only in the middle of a deploy.

What cannot be read here (a role from elsewhere, a computed trust policy) is left to AWS.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_trust"]

_SERVICES: Mapping[str, tuple[str, str]] = {
    "AWS::Glue::Crawler": ("glue", "Role"),
    "AWS::Glue::Job": ("glue", "Role"),
    "AWS::Lambda::Function": ("lambda", "Role"),
    "AWS::Scheduler::Schedule": ("scheduler", "Target.RoleArn"),
    "AWS::StepFunctions::StateMachine": ("states", "RoleArn"),
}
"""By type: the service that assumes the role, and the property that names it."""

_ASSUME = "sts:assumerole"


def check_trust(resources: Json, where: str) -> None:
    """Check that every role of the template lets the service that gets it assume it."""
    for name, body in resources.items():
        if body["Type"] not in _SERVICES:
            continue
        service, path = _SERVICES[body["Type"]]
        role = _role(body.get("Properties", {}), path, resources)
        if role is None:
            continue
        trusted = _trusted(resources[role].get("Properties", {}))
        if trusted is None or any(_is_of(service, principal) for principal in trusted):
            continue
        principal = f"{service}.amazonaws.com"
        found = ", ".join(trusted) or "no service"
        what = f"Resources.{name}: its role {role} trusts {found}, but {principal} has to assume it"
        hint = f'let {role} trust {{"Service": "{principal}"}} with sts:AssumeRole, or use a separate role for {name}'
        raise ConfigurationError(where, what, hint=hint)


def _role(properties: Json, path: str, resources: Json) -> str | None:
    """The logical id, if it is a role of the template."""
    value: Any = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    match value:
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
            pass
        case {"Fn::GetAtt": str(dotted)}:
            name = dotted.partition(".")[0]
        case _:
            return None
    return name if resources.get(name, {}).get("Type") == "AWS::IAM::Role" else None


def _trusted(role: Json) -> tuple[str, ...] | None:
    """The services that may assume a role; None if that cannot be read."""
    found: list[str] = []
    document = role.get("AssumeRolePolicyDocument")
    if not isinstance(document, dict) or "Statement" not in document:
        return None
    for statement in _listed(document.get("Statement")):
        match statement:
            case {"Effect": "Deny"}:
                continue  # it may apply only to some of the callers
            case {"Effect": "Allow", "Action": actions, "Principal": {"Service": services, **others}} if not others:
                if any(fnmatch.fnmatchcase(_ASSUME, str(action).lower()) for action in _listed(actions)):
                    found += _listed(services)
            case {"Effect": "Allow", "Action": _, "Principal": {"AWS": accounts, **others}} if not others:
                if "*" in _listed(accounts):
                    return None
            case {"Effect": "Allow", "Action": _, "Principal": {"Federated": _, **others}} if not others:
                continue
            case _:
                return None
    return tuple(found) if all(isinstance(service, str) for service in found) else None


def _is_of(service: str, principal: str) -> bool:
    # Step Functions may be named with its region; in China the end is another.
    return re.fullmatch(rf"{service}(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?", principal) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
