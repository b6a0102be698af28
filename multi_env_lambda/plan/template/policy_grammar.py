"""What IAM would refuse in policies and names in the middle of a deploy: operators, ARNs, fields, and case of names.

What is computed is left to AWS. Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html ("Names are not distinguished by case")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_policy_grammar"]

_COMPARED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OPERATORS = (
    *(f"Arn{how}" for how in ("Equals", "Like", "NotEquals", "NotLike")),
    "BinaryEquals",
    "Bool",
    *(f"Date{how}" for how in _COMPARED),
    "IpAddress",
    "NotIpAddress",
    "Null",
    *(f"Numeric{how}" for how in _COMPARED),
    *(f"String{how}" for how in ("Equals", "EqualsIgnoreCase", "Like", "NotEquals", "NotEqualsIgnoreCase", "NotLike")),
)
_KNOWN = {name.lower() for name in _OPERATORS}
_AROUND = re.compile(r"(?:forallvalues:|foranyvalue:)?(.*?)(?:ifexists)?")

# An ARN may have fewer fields: a wildcard at its end matches across colons.
_ARN = re.compile(r"arn:[^:]*:([^:]*):([^:]*):[^:]*:(.+)", re.DOTALL)
_NAMES = {"AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::Role": "RoleName"}

_Problem = tuple[str, str]
"""What is wrong, and a hint."""


def check_policy_grammar(resources: Json, where: str) -> None:
    """Raise the first thing that IAM would refuse in the policies and names of a template."""
    _check_names(resources, where)
    for name, body in sorted(resources.items()):
        for path, document, is_trust in _documents(body):
            for what, hint in _problems(document, is_trust=is_trust):
                raise ConfigurationError(where, f"Resources.{name}.{path}: {what}", hint=hint)


def _check_names(resources: Json, where: str) -> None:
    seen: dict[tuple[str, str], str] = {}
    for name, body in sorted(resources.items()):
        own = body.get("Properties", {}).get(_NAMES.get(body["Type"], ""))
        if not isinstance(own, str):
            continue
        key = body["Type"], own.lower()
        if key in seen:
            what = f"Resources.{seen[key]} and {name} are both named {own}, and IAM ignores case"
            raise ConfigurationError(where, what, hint="rename one of them")
        seen[key] = name


def _documents(body: Json) -> Iterator[tuple[str, Any, bool]]:
    """The property, the policy, and whether it says who may assume a role."""
    properties = body.get("Properties", {})
    match body["Type"]:
        case "AWS::IAM::Role":
            yield "AssumeRolePolicyDocument", properties.get("AssumeRolePolicyDocument"), True
            policies = properties.get("Policies", [])
            for number, policy in enumerate(policies if isinstance(policies, list) else []):
                if isinstance(policy, Mapping):
                    yield f"Policies[{number}]", policy.get("PolicyDocument"), False
        case "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy":
            yield "PolicyDocument", properties.get("PolicyDocument"), False
        case _:
            return


def _problems(document: Any, *, is_trust: bool) -> Iterator[_Problem]:
    statements = _listed(document.get("Statement")) if isinstance(document, Mapping) else []
    for statement in statements:
        if not isinstance(statement, Mapping):
            continue
        for field in ("Resource", "NotResource"):
            if field in statement and is_trust:
                yield f"found `{field}`, which a trust policy cannot have", "it applies to this role; remove the field"
            for resource in _listed(statement.get(field)):
                if isinstance(resource, str):
                    yield from _of_resource(resource)
        condition = statement.get("Condition")
        for operator in condition if isinstance(condition, Mapping) else ():
            yield from _of_operator(operator)


def _of_operator(operator: str) -> Iterator[_Problem]:
    found = _AROUND.fullmatch(operator.lower())
    if operator.startswith("Fn::") or (found is not None and found[1] in _KNOWN):
        return
    yield f"found the condition operator `{operator}`, which IAM does not know", did_you_mean(operator, _OPERATORS)


def _of_resource(resource: str) -> Iterator[_Problem]:
    found = _ARN.fullmatch(resource)
    if resource != "*" and not resource.startswith("arn:"):
        yield f'found the resource "{resource}"; expected an ARN or "*"', "an ARN starts with `arn:aws:`"
    elif (
        found is not None
        and found[2]
        and (found[1] == "iam" or (found[1] == "s3" and not found[3].startswith("accesspoint/")))
    ):
        what = f'found the resource "{resource}" with a region, but IAM accepts none in ARNs of {found[1]}'
        yield what, f"write `arn:aws:{found[1]}::…`"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
