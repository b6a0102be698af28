"""From a security group of the unit to its resources: the group with its rules, and rules that name another group.

A rule that names a group of the unit is a resource of its own, so that two groups may name each other, and a group
itself. The group always says what may leave: without a rule, EC2 would allow everything.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupegress.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.resources import NetworkRule, SecurityGroup
from multi_env_lambda.model.settings import Function, Vpc
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id

__all__ = ["group_id", "group_part", "rules_of", "vpc_config"]

_NOTHING: Json = {
    "IpProtocol": "icmp",
    "FromPort": 252,
    "ToPort": 86,
    "CidrIp": "255.255.255.255/32",
    "Description": "nothing may leave",
}
"""Matches no traffic, and takes the place of the rule that EC2 adds to a group without one; as the CDK does it.

Source: https://github.com/aws/aws-cdk/issues/1430
"""


def group_name(key: str) -> str:
    return logical_id(key, "SecurityGroup")


def group_id(key: str) -> Json:
    return get_att(group_name(key), "GroupId")


def group_part(unit: StackInput, group: SecurityGroup) -> Part:
    description = group.description or f"{unit.project.name}-{unit.environment.name}-{group.key}"
    leaves = [_rule(rule, "Destination") for rule in group.allow_to if rule.kind != "own_group"]
    enters = [_rule(rule, "Source") for rule in group.allow_from if rule.kind != "own_group"]
    properties: Json = {
        **({"GroupName": group.name} if group.name else {}),
        "GroupDescription": description,
        "VpcId": group.vpc_id,
        "SecurityGroupEgress": leaves or [_NOTHING],
        **({"SecurityGroupIngress": enters} if enters else {}),
        **unit.tags,
    }
    made = Resource(
        logical_id=group_name(group.key),
        type="AWS::EC2::SecurityGroup",
        properties=properties,
        made_by=f"security_groups.{group.key}",
    )
    return Part(
        resources=(made, *_between_groups(group)),
        outputs=((f"{group_name(group.key)}Id", {"Value": group_id(group.key)}),),
    )


def _between_groups(group: SecurityGroup) -> Iterator[Resource]:
    for word, end, rules in (("Egress", "Destination", group.allow_to), ("Ingress", "Source", group.allow_from)):
        for rule in rules:
            if rule.kind == "own_group":
                yield Resource(
                    logical_id=_rule_name(group, word, rule),
                    type=f"AWS::EC2::SecurityGroup{word}",
                    properties={"GroupId": group_id(group.key), **_rule(rule, end)},
                    made_by=f"security_groups.{group.key}",
                )


def _rule_name(group: SecurityGroup, word: str, rule: NetworkRule) -> str:
    """Another rule is another resource: CloudFormation would create it before the old one goes."""
    return logical_id(group.key, "SecurityGroup", word, rule.peer, digest(list(rule.identity))[:8])


def rules_of(unit: StackInput, function: Function) -> tuple[str, ...]:
    """The resources without which a function could not reach what its groups allow."""
    own = () if function.vpc is None else function.vpc.security_groups
    groups = (each for each in unit.settings.resources if isinstance(each, SecurityGroup) and each.key in own)
    return tuple(sorted(each.logical_id for group in groups for each in _between_groups(group)))


def vpc_config(vpc: Vpc) -> Json:
    groups = [*vpc.security_group_ids, *map(group_id, vpc.security_groups)]
    return {"SubnetIds": list(vpc.subnet_ids), "SecurityGroupIds": groups}


def _rule(rule: NetworkRule, end: str) -> Json:
    """``end``: what the other side is called, ``Source`` or ``Destination``."""
    ports = {"FromPort": rule.from_port, "ToPort": rule.to_port}
    described = {"Description": rule.description} if rule.description else {}
    return {
        "IpProtocol": rule.protocol,
        **{key: port for key, port in ports.items() if port is not None},
        **_peer(rule, end),
        **described,
    }


def _peer(rule: NetworkRule, end: str) -> dict[str, Any]:
    match rule.kind:
        case "ipv4":
            return {"CidrIp": rule.peer}
        case "ipv6":
            return {"CidrIpv6": rule.peer}
        case "prefix_list":
            return {f"{end}PrefixListId": rule.peer}
        case "group":
            return {f"{end}SecurityGroupId": rule.peer}
        case "own_group":
            return {f"{end}SecurityGroupId": group_id(rule.peer)}
        case _:
            assert_never(rule.kind)
