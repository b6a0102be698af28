"""Security groups in ``resources`` of a service become tables if these can say all of them."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.found import Carried, Reading
from multi_env_lambda.model.project import read_project
from tests.adopt.test_serverless import read
from tests.declared import DEVOPS, ENVIRONMENTS

SERVICE = """\
functions:
  buy:
    handler: shop/buy.handler
    vpc: {{subnetIds: [subnet-1], securityGroupIds: [sg-1, {group}]}}
resources:
  Resources:
    Outbound:
      Type: AWS::EC2::SecurityGroup
      Properties:
        GroupDescription: to the database of ${{sls:stage}}
        VpcId: {vpc}
        SecurityGroupEgress:
          - {{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, DestinationSecurityGroupId: sg-2}}
    Entry:
      Type: AWS::EC2::SecurityGroupIngress
      Properties: {{GroupId: sg-2, IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !Ref Outbound}}
"""


def service(group: str = "!GetAtt Outbound.GroupId", vpc: str = "vpc-0a1b2c3d") -> Reading:
    return read(SERVICE.format(group=group, vpc=vpc))


@pytest.mark.parametrize("group", ["!GetAtt Outbound.GroupId", "!Ref Outbound", "{Ref: Outbound}"])
def test_a_group_becomes_a_table_and_the_function_names_it(group: str) -> None:
    found = service(group)

    assert found.table["security_groups"] == {
        "outbound": {
            "vpc_id": "vpc-0a1b2c3d",
            "description": "to the database of ${environment}",
            "allow_to": [{"security_group_id": "sg-2", "port": 5432}],
        }
    }
    assert found.table["functions"]["buy"]["vpc"] == {
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "security_groups": ["outbound"],
    }
    assert "Outbound" not in found.stack.resources
    assert [one.to for one in found.findings if isinstance(one, Carried) and one.what == "resource Outbound"] == [
        "security_groups.outbound"
    ]
    document = {"project": {"name": "shop", "version": "1"}, "tool": {"multi_env_lambda": dict(found.table)}}
    read_project(document, folder="projects/shop", where="x", environments=ENVIRONMENTS, devops=DEVOPS)


def test_what_stays_in_stack_py_names_the_group_as_it_is_called_here() -> None:
    properties = service().stack.resources["Entry"]["Properties"]

    assert properties["SourceSecurityGroupId"] == {"Ref": "OutboundSecurityGroup"}


def test_a_group_in_a_vpc_of_the_stack_stays_there_and_the_function_with_it() -> None:
    vpc = "{'Fn::ImportValue': vpc}"
    found = service(vpc=vpc)

    assert "security_groups" not in found.table and "vpc" not in found.table["functions"]["buy"]
    assert found.stack.resources["Outbound"]["Type"] == "AWS::EC2::SecurityGroup"
    assert "VpcConfig" in found.stack.resources["BuyFunction"]["Properties"]


def test_a_topic_of_the_same_name_keeps_its_key() -> None:
    topic = SERVICE.replace("    vpc:", "    events: [{{sns: outbound}}]\n    vpc:")
    found = read(topic.format(group="!Ref Outbound", vpc="vpc-1"))

    assert list(found.table["security_groups"]) == ["outbound-2"]
