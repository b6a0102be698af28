"""Whether the policies of a template fit into IAM's limits: AWS refuses them only in the middle of a deploy.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (characters without white space; none
of these can be raised). What CloudFormation computes has no length here, so a policy may be longer than it seems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.grant import LONGEST_POLICY
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_policy_sizes"]

_OF_A_ROLE = 10_240
_TRUST = 4_096
"""The highest possible quota; the default is 2,048."""


def check_policy_sizes(resources: Json, where: str) -> None:
    """Every policy, and all inline policies of a role together, are as short as IAM requires."""
    for name, body in resources.items():
        for what, size, most in _sizes(name, body, resources):
            if size > most:
                hint = "use patterns instead of many resources, or move statements to a managed policy"
                raise ConfigurationError(where, f"{what}: {size:,} characters; IAM accepts {most:,}", hint=hint)


def _sizes(name: str, body: Json, resources: Json) -> Iterator[tuple[str, int, int]]:
    properties = body.get("Properties", {})
    match body["Type"]:
        case "AWS::IAM::Role":
            yield f"the trust policy of {name}", _size(properties.get("AssumeRolePolicyDocument", {})), _TRUST
            inline = sum(map(_size, _inline(name, properties, resources)))
            yield f"the inline policies of {name} together", inline, _OF_A_ROLE
        case "AWS::IAM::ManagedPolicy":
            yield f"the policy of {name}", _size(properties.get("PolicyDocument", {})), LONGEST_POLICY
        case _:
            pass


def _inline(role: str, properties: Json, resources: Json) -> Iterator[Any]:
    """The policies inside the role, and separate ones."""
    for policy in properties.get("Policies", ()):
        yield policy.get("PolicyDocument", {}) if isinstance(policy, dict) else {}
    for body in resources.values():
        named = body.get("Properties", {})
        if body["Type"] == "AWS::IAM::Policy" and {"Ref": role} in named.get("Roles", ()):
            yield named.get("PolicyDocument", {})


def _size(document: Any) -> int:
    return len("".join(canonical_json(_written(document)).split()))


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_computed = len(value) == 1 and str(*value).startswith(("Ref", "Fn::"))
    return "" if is_computed else {key: _written(item) for key, item in value.items()}
