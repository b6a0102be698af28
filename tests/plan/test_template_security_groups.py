"""A group says what may leave, rules between groups are resources of their own, and functions come after them."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.settings import (
    NetworkRule,
    OwnParameter,
    OwnResource,
    ResourceReference,
    SecurityGroup,
    Vpc,
)
from tests.plan.template_values import SMALL, of_type, one, project, template

EVERYTHING = (
    NetworkRule(protocol="-1", kind="ipv4", peer="0.0.0.0/0"),
    NetworkRule(protocol="-1", kind="ipv6", peer="::/0"),
)
OUTBOUND = SecurityGroup(key="outbound", vpc_id="vpc-1", allow_to=EVERYTHING)
POSTGRES = NetworkRule(protocol="tcp", from_port=5432, to_port=5432, kind="own_group", peer="database")
DATABASE = SecurityGroup(key="database", vpc_id="vpc-1", allow_to=(), allow_from=(attrs.evolve(POSTGRES, peer="out"),))
OUT = SecurityGroup(key="out", vpc_id="vpc-1", allow_to=(POSTGRES,))
INSIDE = attrs.evolve(
    SMALL, vpc=Vpc(subnet_ids=("subnet-1",), security_group_ids=("sg-1",), security_groups=("out", "outbound"))
)


def made(*groups: OwnResource, function: Any = SMALL) -> Any:
    return template(project(function, resources=groups))


def properties(found: Any, name: str) -> Any:
    return found["Resources"][name]["Properties"]


def test_what_may_leave_is_always_said() -> None:
    assert properties(made(OUTBOUND), "OutboundSecurityGroup") == {
        "GroupDescription": "orders-sandbox-outbound",
        "VpcId": "vpc-1",
        "SecurityGroupEgress": [
            {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"},
            {"IpProtocol": "-1", "CidrIpv6": "::/0"},
        ],
    }


def test_where_nothing_may_leave_a_rule_that_matches_nothing_keeps_the_one_of_ec2_away() -> None:
    (rule,) = properties(made(attrs.evolve(OUTBOUND, allow_to=())), "OutboundSecurityGroup")["SecurityGroupEgress"]

    assert (rule["CidrIp"], rule["IpProtocol"]) == ("255.255.255.255/32", "icmp")


def test_each_kind_of_rule_has_the_words_of_its_direction() -> None:
    rules = (
        NetworkRule(protocol="tcp", from_port=1, to_port=2, kind="ipv4", peer="10.0.0.0/8", description="us"),
        NetworkRule(protocol="udp", from_port=3, to_port=3, kind="prefix_list", peer="pl-1"),
        NetworkRule(protocol="50", kind="group", peer="sg-1"),
    )
    found = properties(made(attrs.evolve(OUTBOUND, allow_to=rules, allow_from=rules)), "OutboundSecurityGroup")

    first = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8", "Description": "us"}
    for key, end in (("SecurityGroupEgress", "Destination"), ("SecurityGroupIngress", "Source")):
        assert found[key] == [
            first,
            {"IpProtocol": "udp", "FromPort": 3, "ToPort": 3, f"{end}PrefixListId": "pl-1"},
            {"IpProtocol": "50", f"{end}SecurityGroupId": "sg-1"},
        ]


def test_two_groups_may_name_each_other() -> None:
    found = made(OUT, DATABASE)

    out, database = ({"Fn::GetAtt": [f"{key}SecurityGroup", "GroupId"]} for key in ("Out", "Database"))
    ports = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    egress = one(found, "AWS::EC2::SecurityGroupEgress")
    ingress = one(found, "AWS::EC2::SecurityGroupIngress")
    assert egress == {"GroupId": out, "DestinationSecurityGroupId": database, **ports}
    assert ingress == {"GroupId": database, "SourceSecurityGroupId": out, **ports}
    for name in ("OutSecurityGroup", "DatabaseSecurityGroup"):
        assert "GetAtt" not in str(properties(found, name))


def test_another_rule_between_groups_is_another_resource_and_another_description_is_not() -> None:
    def names(rule: NetworkRule) -> set[str]:
        return set(of_type(made(attrs.evolve(OUT, allow_to=(rule,)), DATABASE), "AWS::EC2::SecurityGroupEgress"))

    assert names(POSTGRES) == names(attrs.evolve(POSTGRES, description="the database"))
    assert names(POSTGRES).isdisjoint(names(attrs.evolve(POSTGRES, to_port=5433)))


def test_a_function_is_attached_to_groups_of_the_unit_and_comes_after_their_rules() -> None:
    found = made(OUT, OUTBOUND, DATABASE, function=INSIDE)

    body = found["Resources"]["CreateFunction"]
    assert body["Properties"]["VpcConfig"] == {
        "SubnetIds": ["subnet-1"],
        "SecurityGroupIds": [
            "sg-1",
            {"Fn::GetAtt": ["OutSecurityGroup", "GroupId"]},
            {"Fn::GetAtt": ["OutboundSecurityGroup", "GroupId"]},
        ],
    }
    (rule,) = of_type(found, "AWS::EC2::SecurityGroupEgress")
    assert body["DependsOn"] == [rule]


def test_the_id_is_an_output_and_goes_to_others_through_a_parameter() -> None:
    held = OwnParameter(key="group", value=ResourceReference(kind="security_group", key="outbound", value="id"))
    found = made(OUTBOUND, held)

    id_ = {"Fn::GetAtt": ["OutboundSecurityGroup", "GroupId"]}
    assert found["Outputs"]["OutboundSecurityGroupId"] == {"Value": id_}
    assert properties(found, "GroupParameter")["Value"] == id_


def test_a_stated_name_and_description_are_those_of_the_group() -> None:
    found = properties(made(attrs.evolve(OUTBOUND, name="old", description="to us")), "OutboundSecurityGroup")

    assert (found["GroupName"], found["GroupDescription"]) == ("old", "to us")
