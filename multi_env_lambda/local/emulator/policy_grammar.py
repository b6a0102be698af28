"""IAM stores only policies with known operators, fields and principals, and valid ARNs.

Reason: ministack stores any document, so one with a misspelt operator silently allows nothing here, and AWS refuses it
in the middle of a deployment. Principals of accounts that are unknown here are accepted.
Texts: aws-cloudformation/cfn-lint#3751 (operators), #4287 and opstrace/opstrace#88 (principals), localstack#6644
(fields of a trust policy); of ARNs those of moto's tests, which were recorded at AWS
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from .bucket_principals import is_there
from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_OPERATOR = re.compile(
    r"(for(all|any)values?:)?"
    r"(string(not)?(equals(ignorecase)?|like)|(numeric|date)((not)?equals|(lessthan|greaterthan)(equals)?)"
    r"|arn(not)?(equals|like)|(not)?ipaddress|bool|binaryequals|null)(ifexists)?"
)
_ARN = re.compile(r"arn:[^:]*:([^:]*):([^:]*):[^:]*:(.+)", re.DOTALL)
_CALLS = {
    "CreatePolicy": ("PolicyDocument", False),
    "CreateRole": ("AssumeRolePolicyDocument", True),
    "PutRolePolicy": ("PolicyDocument", False),
    "UpdateAssumeRolePolicy": ("PolicyDocument", True),
}
"""By call: the parameter with the policy, and whether it says who may assume a role."""


def patch() -> None:
    """Check a policy before it is stored, through a template or a call."""
    iam = load("ministack.services.iam")
    calls, parameter, refuse = original(iam, "_IAM_HANDLERS"), original(iam, "_p"), original(iam, "_error")

    def watch(name: str, key: str, is_trust: bool) -> None:
        run = calls[name]

        def checked(parameters: Any) -> Any:
            for problem in _problems(parameter(parameters, key), is_trust):
                return refuse(400, "MalformedPolicyDocument", problem, ns="iam")
            return run(parameters)

        calls[name] = checked

    for name, (key, is_trust) in _CALLS.items():
        watch(name, key, is_trust)
    check_first("AWS::IAM::Role", _check_role)
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        check_first(kind, partial(_check, "PolicyDocument", False))


def _check_role(properties: Mapping[str, Any]) -> None:
    _check("AssumeRolePolicyDocument", True, properties)
    for policy in properties.get("Policies") or []:
        _check("PolicyDocument", False, policy)


def _check(key: str, is_trust: bool, properties: Mapping[str, Any]) -> None:
    for problem in _problems(properties.get(key), is_trust):
        raise ValueError(f"{problem} (Service: Iam, Status Code: 400, Error Code: MalformedPolicyDocument)")


def _problems(document: Any, is_trust: bool) -> Iterator[str]:
    try:
        found = json.loads(document) if isinstance(document, str) else document or {}
    except ValueError:
        return
    for statement in _listed(found.get("Statement") if isinstance(found, dict) else None):
        for field in ("Resource", "NotResource"):
            if is_trust and field in statement:
                yield f"Has prohibited field {field}"
            for resource in _listed(statement.get(field)):
                yield from _of_resource(str(resource))
        if not all(_OPERATOR.fullmatch(operator.lower()) for operator in statement.get("Condition") or {}):
            yield "Syntax errors in policy."
        if is_trust and isinstance(statement.get("Principal"), dict):
            for principal in map(str, _listed(statement["Principal"].get("AWS"))):
                if not is_there(principal):
                    yield f'Invalid principal in policy: "AWS":"{principal}"'


def _of_resource(resource: str) -> Iterator[str]:
    found = _ARN.fullmatch(resource)
    if resource != "*" and not resource.startswith("arn:"):
        yield f'Resource {resource} must be in ARN format or "*".'
    elif found is not None and found[1] == "iam" and found[2]:
        yield f"IAM resource {resource} cannot contain region information."
    elif found is not None and found[1] == "s3" and found[2] and not found[3].startswith("accesspoint/"):
        yield f"Resource {resource} can not contain region information."


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
