"""Security groups of a stack: rules that EC2 refuses, groups that name each other, and groups that are in use."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "def handler(event, context): return 1"}
GROUP = "AWS::EC2::SecurityGroup"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {service: client_of(local_cloud, place, service) for service in ("cloudformation", "ec2", "lambda")}


def group(name: str, **more: Any) -> dict[str, Any]:
    properties = {
        "GroupName": name,
        "GroupDescription": "out",
        "VpcId": "vpc-1",
        "SecurityGroupEgress": [HTTPS],
        **more,
    }
    return {"Type": GROUP, "Properties": properties}


def id_of(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "GroupId"]}


def between(word: str, own: str, other: str, **more: Any) -> dict[str, Any]:
    end = {"Egress": "Destination", "Ingress": "Source"}[word]
    ports = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    return {
        "Type": f"{GROUP}{word}",
        "Properties": {"GroupId": id_of(own), f"{end}SecurityGroupId": id_of(other), **ports, **more},
    }


def found(clients: dict[str, Any], name: str) -> Any:
    answer = clients["ec2"].describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])
    return [one for one in answer["SecurityGroups"] if one["GroupName"] == name]


def update(clients: dict[str, Any], stack: str, resources: dict[str, Any]) -> tuple[str, str]:
    cloudformation = clients["cloudformation"]
    cloudformation.update_stack(
        StackName=stack, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return status, "\n".join(
        e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"].endswith("FAILED")
    )


def rule(**more: Any) -> dict[str, Any]:
    return {"SecurityGroupEgress": [{key: value for key, value in {**HTTPS, **more}.items() if value is not None}]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "range": (rule(CidrIp="10.0.0/8"), "CIDR block 10.0.0/8 is malformed"),
    "address": (rule(CidrIp="10.0.0.7"), "CIDR block 10.0.0.7 is malformed"),
    "version": (rule(CidrIp="2001:db8::/32"), "CIDR block 2001:db8::/32 is malformed"),
    "protocol": (rule(IpProtocol="256"), "Invalid value '256' for IP protocol"),
    "ports": (rule(FromPort=444), "port range (444:443)"),
    "no-ports": (rule(FromPort=None, ToPort=None), "Must specify both from and to ports"),
    "text": (rule(Description="für"), "Invalid rule description"),
    "twice": ({"SecurityGroupEgress": [HTTPS, {**HTTPS, "CidrIp": "10.0.0.1/8"}]}, "must not appear multiple times"),
    "group": (rule(CidrIp=None, DestinationSecurityGroupId="database"), 'Invalid id: "database"'),
    "many": (
        {"SecurityGroupIngress": [{**HTTPS, "CidrIp": f"10.{number}.0.0/16"} for number in range(61)]},
        "RulesPerSecurityGroupLimitExceeded",
    ),
    "description": ({"GroupDescription": "für"}, "parameter GroupDescription is invalid"),
    "name": ({"GroupName": "sg-out"}, "may not be in the format sg-*"),
    "default": ({"GroupName": "default"}, "reserved security group name"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_ec2_would_refuse_is_refused(clients: dict[str, Any], kind: str) -> None:
    more, reason = REFUSED[kind]

    status, said = create_stack(clients["cloudformation"], f"groups-{kind}", {"Out": group(f"groups-{kind}", **more)})

    assert status == "ROLLBACK_COMPLETE"
    assert reason in said


def test_two_groups_name_each_other_and_a_rule_is_described_anew_in_its_place(clients: dict[str, Any]) -> None:
    made = {
        "Out": group("pair-out"),
        "In": group("pair-in"),
        "To": between("Egress", "Out", "In"),
        "From": between("Ingress", "In", "Out"),
    }
    status, said = create_stack(clients["cloudformation"], "pair", made)
    assert status == "CREATE_COMPLETE", said

    (out,), (inner,) = found(clients, "pair-out"), found(clients, "pair-in")
    (pair,) = [each for rule in out["IpPermissionsEgress"] for each in rule["UserIdGroupPairs"]]
    assert pair["GroupId"] == inner["GroupId"]
    assert inner["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == out["GroupId"]

    described = {**made, "To": between("Egress", "Out", "In", Description="the database")}
    assert update(clients, "pair", described)[0] == "UPDATE_COMPLETE"
    (out,) = found(clients, "pair-out")
    (pair,) = [each for rule in out["IpPermissionsEgress"] for each in rule["UserIdGroupPairs"]]
    assert pair["Description"] == "the database"

    assert update(clients, "pair", {name: made[name] for name in ("Out", "In")})[0] == "UPDATE_COMPLETE"
    assert found(clients, "pair-in")[0]["IpPermissions"] == []


def test_a_rule_of_its_own_takes_the_one_to_everybody_away(clients: dict[str, Any]) -> None:
    everybody = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    made = {"Out": group("wide", SecurityGroupEgress=[everybody, HTTPS]), "To": between("Egress", "Out", "Out")}
    assert create_stack(clients["cloudformation"], "wide", made)[0] == "CREATE_COMPLETE"

    (out,) = found(clients, "wide")
    assert [each["IpProtocol"] for each in out["IpPermissionsEgress"]] == ["tcp", "tcp"]


def test_a_group_is_not_replaced_by_one_of_its_name(clients: dict[str, Any]) -> None:
    assert create_stack(clients["cloudformation"], "named", {"Out": group("named")})[0] == "CREATE_COMPLETE"
    assert (
        create_stack(clients["cloudformation"], "named-2", {"Out": group("named", VpcId="vpc-2")})[0]
        == "CREATE_COMPLETE"
    )

    status, said = update(clients, "named", {"Out": group("named", GroupDescription="other")})
    assert (status, "The security group 'named' already exists for VPC 'vpc-1'" in said) == (
        "UPDATE_ROLLBACK_COMPLETE",
        True,
    )


def test_a_group_stays_as_long_as_a_published_version_uses_it(clients: dict[str, Any]) -> None:
    cloudformation = clients["cloudformation"]
    inside = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [id_of("Out")]}
    made = {"Out": group("used"), **function_resources("used", CODE, Runtime=RUNTIME, VpcConfig=inside)}
    assert create_stack(cloudformation, "used", made)[0] == "CREATE_COMPLETE"
    clients["lambda"].publish_version(FunctionName="used")

    without = function_resources("used", CODE, Runtime=RUNTIME)
    status, said = update(clients, "used", without)
    assert (status, "has a dependent object" in said) == ("UPDATE_COMPLETE", True)
    assert len(found(clients, "used")) == 1

    cloudformation.delete_stack(StackName="used")
    assert create_stack(cloudformation, "unused", {"Out": group("unused")})[0] == "CREATE_COMPLETE"
    cloudformation.delete_stack(StackName="unused")
    assert found(clients, "unused") == []


def test_a_group_goes_with_its_function(clients: dict[str, Any]) -> None:
    inside = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [id_of("Out")]}
    made = {"Out": group("gone"), **function_resources("gone", CODE, Runtime=RUNTIME, VpcConfig=inside)}
    assert create_stack(clients["cloudformation"], "gone", made)[0] == "CREATE_COMPLETE"

    clients["cloudformation"].delete_stack(StackName="gone")

    assert found(clients, "gone") == []
