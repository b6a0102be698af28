"""Names and texts are refused as AWS refuses them, whoever brings them."""

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
ROLE = "arn:aws:iam::444444444444:role/limits"
GOOD = {"FunctionName": "f", "Role": ROLE, "Handler": "m.h", "Runtime": RUNTIME, "Code": {"ZipFile": b""}}
LENGTH = "failed to satisfy constraint: Member must have length less than or equal to"


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {service: client_of(local_cloud, place, service) for service in ("lambda", "cloudformation", "iam")}


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"FunctionName": "f" * 65}, rf"1 validation error detected: Value 'f+' at 'functionName' {LENGTH} 64"),
        ({"Handler": "h" * 129}, rf"Value 'h+' at 'handler' {LENGTH} 128"),
        ({"Description": "d" * 257}, rf"Value 'd+' at 'description' {LENGTH} 256"),
        ({"Handler": "h" * 129, "Description": "d" * 257}, "2 validation errors detected"),
    ],
    ids=["name", "handler", "description", "two"],
)
def test_a_function_keeps_the_limits(clients: dict[str, Any], bad: dict[str, str], text: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{text}"):
        clients["lambda"].create_function(**GOOD | bad)


def test_a_role_has_a_name_of_64_characters(clients: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(ClientError, match=rf"\(ValidationError\).*Value 'r+' at 'roleName' {LENGTH} 64"):
        clients["iam"].create_role(RoleName="r" * 65, AssumeRolePolicyDocument=trust)
    clients["iam"].create_role(RoleName="r" * 64, AssumeRolePolicyDocument=trust)


def test_an_alias_is_no_number_and_a_stack_is_rolled_back_for_what_it_names_too_long(clients: dict[str, Any]) -> None:
    made = create_stack(clients["cloudformation"], "limits", function_resources("l" * 64, {"ZipFile": "x = 1"}))
    assert made[0] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="Value '1' at 'name' failed .* regular expression pattern: "):
        clients["lambda"].create_alias(FunctionName="l" * 64, Name="1", FunctionVersion="$LATEST")

    resources = function_resources("l" * 65, {"ZipFile": "x = 1"})
    status, reason = create_stack(clients["cloudformation"], "limits-too-long", resources)
    assert status == "ROLLBACK_COMPLETE"
    assert f"at 'functionName' {LENGTH} 64" in reason


def resources_of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Thing": {"Type": f"AWS::{kind}", "Properties": properties}}


def test_lists_numbers_and_tags_of_a_stack_keep_the_limits(clients: dict[str, Any]) -> None:
    function = {"FunctionName": "f", "Role": ROLE, "Handler": "m.h", "Runtime": RUNTIME, "Code": {"ZipFile": "x"}}
    groups = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [f"sg-{number}" for number in range(6)]}
    alarm = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "AlarmName": "limits"}
    url = {"TargetFunctionArn": "f", "AuthType": "NONE", "Cors": {"AllowMethods": ["GET"] * 7}}
    role = {"AssumeRolePolicyDocument": {}, "Tags": [{"Key": "a;b", "Value": "x"}]}
    later = {"FunctionName": "f", "Qualifier": "$LATEST", "MaximumRetryAttempts": 3}
    mapping = {"FunctionName": "f", "ScalingConfig": {"MaximumConcurrency": 1}}
    bad = {
        f"'vpcConfig.securityGroupIds' {LENGTH} 5": resources_of("Lambda::Function", **function, VpcConfig=groups),
        f"'alarmActions' {LENGTH} 5": resources_of("CloudWatch::Alarm", **alarm, AlarmActions=["arn:a"] * 6),
        f"'cors.allowMethods' {LENGTH} 6": resources_of("Lambda::Url", **url),
        "Value 'a;b' at 'tags.1.member.key' failed": resources_of("IAM::Role", **role),
        "'maximumRetryAttempts' failed": resources_of("Lambda::EventInvokeConfig", **later),
        "Value 'bad name!' at 'layerName'": resources_of("Lambda::LayerVersion", LayerName="bad name!", Content={}),
        "'scalingConfig.maximumConcurrency' failed": resources_of("Lambda::EventSourceMapping", **mapping),
    }
    for number, (reason, resources) in enumerate(bad.items()):
        status, found = create_stack(clients["cloudformation"], f"limits-of-{number}", resources)
        assert (status, reason in found) == ("ROLLBACK_COMPLETE", True), (reason, found)


def test_the_api_keeps_the_limits_of_a_mapping(clients: dict[str, Any]) -> None:
    arn = "arn:aws:sqs:us-east-1:444444444444:q"
    with pytest.raises(ClientError, match="Value '10001' at 'batchSize' failed .* less than or equal to 10000"):
        clients["lambda"].create_event_source_mapping(FunctionName="f", EventSourceArn=arn, BatchSize=10001)
