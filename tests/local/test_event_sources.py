"""Event source mappings are refused as Lambda refuses them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
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
READS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
STREAM = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {service: client_of(local_cloud, place, service) for service in ("lambda", "cloudformation", "sqs")}


def resources_of(
    name: str, source: str, timeout: int = 30, reads: Sequence[str] = READS, **more: Any
) -> dict[str, Any]:
    """A function that may read, a stream and a queue (visible again after 60 s), and a mapping of one of them."""
    mapping = {"FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": [source, "Arn"]}, **more}
    made: dict[str, Any] = function_resources(name, SOURCE, Runtime=RUNTIME, Timeout=timeout)
    statement = {"Effect": "Allow", "Action": list(reads), "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
    policy = {"PolicyName": "reads", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    made["Role"]["Properties"]["Policies"] = [policy]
    made["Stream"] = STREAM
    made["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}}
    made["Mapping"] = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}
    return made


def test_another_starting_position_cannot_be_deployed(clients: dict[str, Any]) -> None:
    cloudformation, name = clients["cloudformation"], "sources-position"
    made = create_stack(cloudformation, name, resources_of(name, "Stream", StartingPosition="LATEST"))
    assert made[0] == "CREATE_COMPLETE"
    body = json.dumps({"Resources": resources_of(name, "Stream", StartingPosition="TRIM_HORIZON")})
    cloudformation.update_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = "\n".join(event.get("ResourceStatusReason", "") for event in events)
    assert "provided mapping already exists. Please update or delete the existing mapping with UUID" in reasons


def test_another_batch_size_can(clients: dict[str, Any]) -> None:
    cloudformation, name = clients["cloudformation"], "sources-batch"
    create_stack(cloudformation, name, resources_of(name, "Queue", BatchSize=1))
    body = json.dumps({"Resources": resources_of(name, "Queue", BatchSize=2)})
    cloudformation.update_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"


def test_a_queue_must_wait_as_long_as_the_function_may_take(clients: dict[str, Any]) -> None:
    name = "sources-visibility"
    status, reason = create_stack(clients["cloudformation"], name, resources_of(name, "Queue", timeout=61))
    assert status == "ROLLBACK_COMPLETE"
    assert "Queue visibility timeout: 60 seconds is less than Function timeout: 61 seconds" in reason


@pytest.mark.parametrize(("service", "is_good"), [("sqs", True), ("sns", True), ("lambda", False), ("events", False)])
def test_failures_of_a_stream_go_to_queues_topics_and_buckets(
    clients: dict[str, Any], service: str, is_good: bool
) -> None:
    name = f"sources-{service}"
    target = {"OnFailure": {"Destination": f"arn:aws:{service}:us-east-1:444444444444:somewhere"}}
    wanted = resources_of(name, "Stream", StartingPosition="LATEST", DestinationConfig=target)
    status, _ = create_stack(clients["cloudformation"], name, wanted)
    assert status == ("CREATE_COMPLETE" if is_good else "ROLLBACK_COMPLETE")


def test_the_api_refuses_a_second_mapping(clients: dict[str, Any]) -> None:
    name = "sources-api"
    create_stack(clients["cloudformation"], name, resources_of(name, "Queue"))
    (mapping,) = clients["lambda"].list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    with pytest.raises(ClientError, match="ResourceConflictException") as caught:
        clients["lambda"].create_event_source_mapping(FunctionName=name, EventSourceArn=mapping["EventSourceArn"])
    assert mapping["UUID"] in str(caught.value)


@pytest.mark.parametrize("lack", READS)
def test_the_role_of_the_function_may_read_the_queue(clients: dict[str, Any], lack: str) -> None:
    action = lack.partition(":")[2]
    name = f"sources-{action}"
    wanted = resources_of(name, "Queue", reads=[other for other in READS if other != lack])
    status, reason = create_stack(clients["cloudformation"], name, wanted)
    assert status == "ROLLBACK_COMPLETE"
    assert f"The function execution role does not have permissions to call {action} on SQS" in reason
