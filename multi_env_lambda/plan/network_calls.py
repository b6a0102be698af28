"""What CloudFormation may do with security groups: make them in the VPCs that templates name, and change them.

A group has an id and no name in its ARN, so tags and VPCs say which ones are meant. CloudFormation allows the rules of
a new group before it gives the group its tags, and deletes it without them if that fails; so a group without the tag of
a stack is not out of reach, and one of another stack is.
Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (resources and keys),
https://github.com/aws/aws-cdk/issues/13204 and
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/714 (the order of the calls)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.iam import UNSCOPED
from multi_env_lambda.plan.grant import Grant, arn_of, grant_of
from multi_env_lambda.plan.named_resources import NamedResource

__all__ = ["of_network"]

_GROUP = "AWS::EC2::SecurityGroup"
_CREATE = "ec2:CreateSecurityGroup"


def of_network(
    environment: Environment, stacks: Sequence[NamedResource], making: set[str], deleting: set[str]
) -> Iterator[Grant]:
    """Statements for what is called of EC2, for a deploy and at the end."""
    groups, vpcs = arn_of(environment, "ec2", "security-group/*"), sorted(set(_vpcs(environment, stacks)))
    named = sorted((making | deleting) - UNSCOPED - {_CREATE})
    if _CREATE in making:
        yield grant_of("MakeSecurityGroups", "deploy", [groups, *vpcs], _CREATE)
    if named:
        condition = {
            "StringLikeIfExists": {"aws:ResourceTag/aws:cloudformation:stack-name": f"*-{environment.name}"},
            "ArnLikeIfExists": {"ec2:Vpc": vpcs},
        }
        yield grant_of("ChangeSecurityGroups", ("deploy", "destroy"), [groups], *named, condition=condition)
    looks, last = sorted(making & UNSCOPED), sorted((deleting - making) & UNSCOPED)
    if looks:
        yield grant_of("MakeEc2Anywhere", "deploy", ["*"], *looks)
    if last:
        yield grant_of("DeleteEc2Anywhere", ("destroy", "deploy"), ["*"], *last)


def _vpcs(environment: Environment, stacks: Sequence[NamedResource]) -> Iterator[str]:
    """With any account: a VPC that another one shares is that one's. Its id is like no other."""
    for made in stacks:
        for body in made.resources.values():
            if body["Type"].startswith(_GROUP):
                yield f"arn:aws:ec2:{environment.region}:*:vpc/{_vpc(body, made)}"


def _vpc(body: Any, made: NamedResource) -> str:
    properties = body.get("Properties", {})
    match properties.get("GroupId"):
        case {"Fn::GetAtt": [str(name), *_]} | {"Ref": str(name)} if name in made.resources:
            properties = made.resources[name].get("Properties", {})
        case _:
            pass
    said = properties.get("VpcId")
    return said if isinstance(said, str) and re.fullmatch(r"vpc-[0-9a-z]+", said, re.ASCII) else "*"
