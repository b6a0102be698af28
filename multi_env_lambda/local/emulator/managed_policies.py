"""Only existing managed policies can be attached to a role.

Reason: ministack attaches any name, including misspelt ones, and has few of AWS's own policies. The others exist here
without statements, so what they would allow is denied.
Source: the names that moto publishes (``aws_managed_policies.txt``, which a test compares), without those of
service-linked roles, which nobody may attach
Text: https://github.com/aws/aws-cdk/issues/19830
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_ABSENT = "Policy {arn} does not exist or is not attachable."
_OF_AWS = "arn:aws:iam::aws:policy/"
_NAMES = Path(__file__).parent / "aws_managed_policies.txt"
_NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})


def patch() -> None:
    """Check that a policy exists before it is attached to a role, through the API or CloudFormation."""
    iam = load("ministack.services.iam")
    look, make = original(iam, "_lookup_policy"), original(iam, "_make_aws_managed_record")
    known, names = original(iam, "_aws_managed_policies"), frozenset(_NAMES.read_text("ascii").split())
    calls, parameter, refuse = original(iam, "_IAM_HANDLERS"), original(iam, "_p"), original(iam, "_error")
    attach = calls["AttachRolePolicy"]

    def looked_up(arn: str) -> Any:
        name = arn.removeprefix(_OF_AWS)
        if name != arn and name in names and arn not in known:
            known[arn] = make(name, _NOTHING)
        return look(arn)

    def attached(parameters: Any) -> Any:
        arn = parameter(parameters, "PolicyArn")
        if looked_up(arn) is None:
            return refuse(404, "NoSuchEntity", _ABSENT.format(arn=arn), ns="iam")
        return attach(parameters)

    def check(properties: Mapping[str, Any]) -> None:
        for arn in properties.get("ManagedPolicyArns") or []:
            if looked_up(arn) is None:
                text = f"{_ABSENT.format(arn=arn)} (Service: Iam, Status Code: 404, Error Code: NoSuchEntity)"
                raise ValueError(text)

    iam._lookup_policy = looked_up
    calls["AttachRolePolicy"] = attached
    check_first("AWS::IAM::Role", check)
