"""Aliases are refused as Lambda refuses them."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = {"ZipFile": "def handler(event, context): return 1"}
INCLUDED = "Function version 1 is already included in routing configuration."


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {service: client_of(local_cloud, place, service) for service in ("lambda", "cloudformation", "iam")}


@pytest.fixture(scope="module")
def function(clients: dict[str, Any]) -> str:
    create_stack(clients["cloudformation"], "aliases", function_resources("aliases", SOURCE, Runtime=RUNTIME))
    for description in ("first", "second"):
        clients["lambda"].update_function_configuration(FunctionName="aliases", Description=description)
        clients["lambda"].publish_version(FunctionName="aliases")
    return "aliases"


def weights(version: str) -> dict[str, dict[str, float]]:
    return {"AdditionalVersionWeights": {version: 0.1}}


def test_an_alias_gives_no_share_to_the_version_that_it_points_at(clients: dict[str, Any], function: str) -> None:
    name = {"FunctionName": function, "Name": "same"}
    with pytest.raises(ClientError, match=INCLUDED):
        clients["lambda"].create_alias(**name, FunctionVersion="1", RoutingConfig=weights("1"))
    clients["lambda"].create_alias(**name, FunctionVersion="2", RoutingConfig=weights("1"))
    with pytest.raises(ClientError, match=INCLUDED):
        clients["lambda"].update_alias(**name, FunctionVersion="1")
    clients["lambda"].update_alias(**name, FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {}})


def test_a_version_that_is_not_there_is_not_found(clients: dict[str, Any], function: str) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*:function:aliases:99"):
        clients["lambda"].create_alias(FunctionName=function, Name="absent", FunctionVersion="99")
    with pytest.raises(ClientError, match=r"\$LATEST is not supported for an alias"):
        clients["lambda"].create_alias(
            FunctionName=function, Name="l", FunctionVersion="1", RoutingConfig=weights("$LATEST")
        )


def test_the_versions_of_an_alias_have_one_role_and_one_dead_letter_queue(
    clients: dict[str, Any], function: str
) -> None:
    aws, name = clients["lambda"], {"FunctionName": function}
    role = aws.get_function_configuration(**name)["Role"]
    trust = clients["iam"].get_role(RoleName=role.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
    other_role = clients["iam"].create_role(RoleName="aliases-other", AssumeRolePolicyDocument=json.dumps(trust))
    sends = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sends]})
    clients["iam"].put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="sends", PolicyDocument=policy)
    changes: dict[str, Any] = {
        "execution role": {"Role": other_role["Role"]["Arn"]},
        "dead letter queue": {
            "Role": role,
            "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:444444444444:failed"},
        },
    }
    for what, change in changes.items():
        aws.update_function_configuration(**name, **change)
        other = aws.publish_version(**name)["Version"]
        with pytest.raises(ClientError, match=f"Specified versions must be associated with the same {what}"):
            aws.create_alias(**name, Name="unlike", FunctionVersion=other, RoutingConfig=weights("1"))
        aws.create_alias(**name, Name=f"alone-{other}", FunctionVersion=other)


def test_an_alias_leads_to_two_versions_at_most(clients: dict[str, Any], function: str) -> None:
    clients["lambda"].create_alias(FunctionName=function, Name="three", FunctionVersion="1")
    routing = {"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}}
    with pytest.raises(ClientError, match="Number of items in AdditionalVersionWeights cannot be greater than 1"):
        clients["lambda"].update_alias(FunctionName=function, Name="three", RoutingConfig=routing)


def test_a_weight_is_a_share(clients: dict[str, Any], function: str) -> None:
    routing = {"AdditionalVersionWeights": {"2": 1.5}}
    with pytest.raises(ClientError, match=r"Value '\{2=1\.5\}' at 'routingConfig\.additionalVersionWeights' failed"):
        clients["lambda"].create_alias(FunctionName=function, Name="much", FunctionVersion="1", RoutingConfig=routing)


def test_a_stack_that_wants_it_is_rolled_back(clients: dict[str, Any]) -> None:
    cloudformation, name = clients["cloudformation"], "aliases-rolled-back"
    alias: dict[str, Any] = {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "Name": "live",
            "FunctionName": {"Ref": "Function"},
            "FunctionVersion": {"Fn::GetAtt": ["V", "Version"]},
        },
    }
    resources = function_resources(name, SOURCE, Runtime=RUNTIME)
    resources |= {
        "V": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "A": alias,
    }
    assert create_stack(cloudformation, name, resources)[0] == "CREATE_COMPLETE"
    same = {"FunctionVersion": {"Fn::GetAtt": ["V", "Version"]}, "FunctionWeight": 0.1}
    alias["Properties"]["RoutingConfig"] = {"AdditionalVersionWeights": [same]}
    cloudformation.update_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = "\n".join(event.get("ResourceStatusReason", "") for event in events)
    assert INCLUDED in reasons and "b'{" not in reasons
