"""What CloudFormation asks EC2 for when it makes, changes or deletes a security group, and what EC2 tells IAM about it.

A new group has no tags yet when its rules are allowed: CloudFormation gives them afterwards.
Reason: without it, ``caller_rights`` would ask for each call on any resource, and with the tag of the stack.
Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (resources and keys of
each call) and aws/aws-cdk#13204, aws-cloudformation/cloudformation-coverage-roadmap#714 (the order of the calls)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["groups_asked_on", "told_by_a_group"]

_STACK_NAME = "aws:cloudformation:stack-name"
_KEY = "aws:resourcetag/aws:cloudformation:stack-name"
_GROUP = "AWS::EC2::SecurityGroup"


def groups_asked_on(action: str, kind: str, properties: Mapping[str, Any]) -> list[str] | None:
    """ARNs, all of which must be allowed; None for another type."""
    if not kind.startswith(_GROUP):
        return None
    responses = load("ministack.core.responses")
    here = f"arn:aws:ec2:{responses.get_region()}:{responses.get_account_id()}"
    vpcs = [f"{here}:vpc/{properties.get('VpcId', '')}"] if action == "ec2:CreateSecurityGroup" else []
    return [f"{here}:security-group/{properties.get('GroupId', 'sg-0')}", *vpcs]


def told_by_a_group(kind: str, step: str, properties: Mapping[str, Any], stack: str) -> dict[str, str] | None:
    """The context of a call; None for another type."""
    if not kind.startswith(_GROUP):
        return None
    ec2, responses = load("ministack.services.ec2"), load("ministack.core.responses")
    group = original(ec2, "_security_groups").get(str(properties.get("GroupId"))) or properties
    arn = f"arn:aws:ec2:{responses.get_region()}:{responses.get_account_id()}:vpc/{group.get('VpcId', '')}"
    if kind == _GROUP:
        return {"ec2:vpc": arn} | ({} if step == "create" else {_KEY: stack})
    tags = original(ec2, "_tags").get(str(properties.get("GroupId"))) or []
    owner = {tag["Key"]: tag["Value"] for tag in tags}.get(_STACK_NAME)
    return {"ec2:vpc": arn} | ({} if owner is None else {_KEY: owner})
