"""Security groups of a template become tables if these can say all of them, and functions name them."""

from __future__ import annotations

import textwrap

import pytest

from multi_env_lambda.adopt.found import Carried, Reading
from multi_env_lambda.model.project import read_project
from tests.adopt.test_sam import function, lost, read
from tests.declared import DEVOPS, ENVIRONMENTS

GROUP = """\
Outbound:
  Type: AWS::EC2::SecurityGroup
  Properties:
    GroupDescription: to the database
    VpcId: vpc-0a1b2c3d
"""
INSIDE = "VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1, !GetAtt Outbound.GroupId]}"


def accepted(reading: Reading) -> None:
    """Our own reader takes the table, as it is."""
    document = {"project": {"name": "shop", "version": "1"}, "tool": {"multi_env_lambda": dict(reading.table)}}
    read_project(document, folder="projects/shop", where="x", environments=ENVIRONMENTS, devops=DEVOPS)


def more(text: str) -> str:
    return GROUP + textwrap.indent(text, "    ")


def test_a_group_becomes_a_table_and_the_function_names_it_beside_an_id() -> None:
    found = read(function(INSIDE, GROUP))

    assert found.table["security_groups"] == {"outbound": {"vpc_id": "vpc-0a1b2c3d", "description": "to the database"}}
    assert found.table["functions"]["create"]["vpc"] == {
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "security_groups": ["outbound"],
    }
    assert "Outbound" not in found.stack.resources and lost(found) == []
    assert [one.to for one in found.findings if isinstance(one, Carried) and "Outbound" in one.what] == [
        "security_groups.outbound"
    ]
    accepted(found)


def test_rules_are_said_in_our_words() -> None:
    rules = """\
    SecurityGroupEgress:
      - {IpProtocol: tcp, FromPort: 5432, ToPort: '5432', CidrIp: 10.0.3.0/16, Description: the database}
      - {IpProtocol: 17, FromPort: 8000, ToPort: 8010, CidrIpv6: '2001:DB8::/32'}
      - {IpProtocol: '-1', CidrIp: 0.0.0.0/0}
      - {IpProtocol: icmp, FromPort: -1, ToPort: -1, CidrIp: 10.0.0.0/8}
      - {IpProtocol: tcp, FromPort: 443, ToPort: 443, DestinationPrefixListId: pl-1}
    SecurityGroupIngress:
      - {IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: sg-2}
      - {IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: !GetAtt Other.GroupId}
    """
    other = GROUP.replace("Outbound", "Other")
    found = read(function(INSIDE, more(textwrap.dedent(rules)) + other))

    assert found.table["security_groups"]["outbound"]["allow_to"] == [
        {"cidr": "10.0.0.0/16", "port": 5432, "description": "the database"},
        {"cidr": "2001:db8::/32", "port": "8000-8010", "protocol": "udp"},
        {"cidr": "0.0.0.0/0", "protocol": "all"},
        {"cidr": "10.0.0.0/8", "protocol": "icmp"},
        {"prefix_list": "pl-1", "port": 443},
    ]
    assert found.table["security_groups"]["outbound"]["allow_from"] == [
        {"security_group_id": "sg-2", "port": 443},
        {"security_group": "other", "port": 443},
    ]
    accepted(found)


@pytest.mark.parametrize(
    "text",
    [
        "SecurityGroupIngress: [{IpProtocol: icmp, FromPort: 8, ToPort: -1, CidrIp: 10.0.0.0/8}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8, Description: für}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, SourceSecurityGroupName: a}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: !GetAtt Vpc.CidrBlock}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, SourceSecurityGroupId: !Ref Gone}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: a, ToPort: b, CidrIp: 10.0.0.0/8}]",
        "SecurityGroupIngress: a rule",
        "VpcId: !Ref Vpc",
    ],
)
def test_what_a_table_cannot_say_stays_in_stack_py_and_the_function_with_it(text: str) -> None:
    plain = GROUP.replace("    VpcId: vpc-0a1b2c3d\n", "") if text.startswith("VpcId") else GROUP
    vpc = "Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n"
    gone = "Gone: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: a, VpcId: !Ref Vpc}}\n"
    found = read(function(INSIDE, f"{plain}    {text}\n{vpc}{gone}"))

    assert "security_groups" not in found.table and "vpc" not in found.table["functions"]["create"]
    assert found.stack.resources["Outbound"]["Type"] == "AWS::EC2::SecurityGroup"
    assert "VpcConfig" in found.stack.resources["CreateFunction"]["Properties"]


def test_a_rule_that_is_a_resource_goes_into_stack_py_and_names_the_group_as_it_is_called_here() -> None:
    rule = """\
Entry:
  Type: AWS::EC2::SecurityGroupIngress
  Properties: {GroupId: !Ref Outbound, IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 10.0.0.0/8}
"""
    found = read(function(INSIDE, GROUP + rule))

    assert found.stack.resources["Entry"]["Properties"]["GroupId"] == {"Ref": "OutboundSecurityGroup"}


def test_one_key_is_one_resource_whatever_its_kind() -> None:
    found = read(function(INSIDE, GROUP + "OutboundQueue: {Type: AWS::SQS::Queue}\n"))

    assert found.table["queues"] == {"outbound": {}} and list(found.table["security_groups"]) == ["outbound-2"]
    accepted(found)


def test_a_name_is_kept() -> None:
    assert read(function(INSIDE, more("GroupName: theirs\n"))).table["security_groups"]["outbound"]["name"] == "theirs"


def test_tags_are_said_to_be_left() -> None:
    found = read(function(INSIDE, more("Tags: [{Key: a, Value: b}]\n")))

    assert any("Outbound (AWS::EC2::SecurityGroup): Tags" in text for text in lost(found))
