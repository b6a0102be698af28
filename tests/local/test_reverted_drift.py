"""A drift-aware change set as the User Guide describes it: what was changed is put back, what is gone is made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.strict import STALE_READS
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.local.test_gone import DELETED
from tests.local.test_gone import resources as one_of_each
from tests.rules import EVERY_RULE, cloud_keeping

pytestmark = pytest.mark.local_cloud

STACK = "reverted"
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "reverted", "VisibilityTimeout": 30}}
POLICY = {
    "Type": "AWS::SQS::QueuePolicy",
    "Properties": {
        "Queues": [{"Ref": "Queue"}],
        "PolicyDocument": {
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        },
    },
}
LOGS = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/reverted", "RetentionInDays": 7}}
CALM = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "reverted", "Type": "String", "Value": "1"}}
BODY = json.dumps({"Resources": {"Queue": QUEUE, "Policy": POLICY, "Logs": LOGS, "Calm": CALM}})


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[Any]:
    """Of services in a cloud that describes a stack as it is."""
    rules = [rule for rule in EVERY_RULE if rule != STALE_READS]
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config, *rules) as cloud:

        def of(service: str, cloud: LocalCloud = cloud) -> Any:
            return client_of(cloud, local_config.environment("staging"), service)

        of("cloudformation").create_stack(StackName=STACK, TemplateBody=BODY)
        yield of


def make(client: Any, name: str, body: str = BODY, **more: Any) -> dict[str, Any]:
    named = {"StackName": STACK, "ChangeSetName": name, "TemplateBody": body, "ChangeSetType": "UPDATE"}
    made = client("cloudformation").create_change_set(**{**named, "DeploymentMode": "REVERT_DRIFT", **more})
    found: dict[str, Any] = client("cloudformation").describe_change_set(ChangeSetName=made["Id"])
    return found


def events(client: Any) -> list[tuple[str, str]]:
    told = client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return [(item["LogicalResourceId"], item["ResourceStatus"]) for item in reversed(told)]


def timeout(client: Any) -> str:
    url = client("sqs").get_queue_url(QueueName="reverted")["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(found["Attributes"]["VisibilityTimeout"])


def set_timeout(client: Any, value: str) -> None:
    url = client("sqs").get_queue_url(QueueName="reverted")["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": value})


def test_where_nothing_was_changed_there_is_nothing_to_execute(client: Any) -> None:
    found = make(client, "calm")

    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]
    assert (found["DeploymentMode"], found["StackDriftStatus"]) == ("REVERT_DRIFT", "IN_SYNC")


def test_what_was_changed_and_what_is_gone_are_put_right_and_nothing_else_has_an_event(client: Any) -> None:
    set_timeout(client, "90")
    client("logs").delete_log_group(logGroupName="/reverted")
    before = len(events(client))

    found = make(client, "both")
    said = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in found["Changes"]}
    assert {name: (item["Action"], item["ResourceDriftStatus"]) for name, item in said.items()} == {
        "Logs": ("Add", "DELETED"),
        "Queue": ("Modify", "MODIFIED"),
    }
    client("cloudformation").execute_change_set(ChangeSetName=found["ChangeSetId"])

    assert timeout(client) == "30"
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix="/reverted")["logGroups"]
    assert group["retentionInDays"] == 7
    assert {name for name, _ in events(client)[before:]} == {STACK, "Logs", "Queue"}


def test_a_change_that_fails_goes_back_to_what_was_there(client: Any) -> None:
    """Not to what the template before said."""
    set_timeout(client, "77")
    taken = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken-by-others"}, "DependsOn": "Queue"}
    client("sqs").create_queue(QueueName="taken-by-others")
    found = make(client, "failing", json.dumps({"Resources": {**json.loads(BODY)["Resources"], "Other": taken}}))
    client("cloudformation").execute_change_set(ChangeSetName=found["ChangeSetId"])

    (stack,) = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert (stack["StackStatus"], timeout(client)) == ("UPDATE_ROLLBACK_COMPLETE", "77")
    again = make(client, "again")
    client("cloudformation").execute_change_set(ChangeSetName=again["ChangeSetId"])
    assert timeout(client) == "30"


@pytest.mark.parametrize(
    "more",
    [
        {"ChangeSetType": "CREATE", "StackName": "another"},
        {"ImportExistingResources": True},
        {"DeploymentMode": "REVERT_ALL"},
    ],
    ids=["creation", "imports", "another mode"],
)
def test_the_mode_goes_with_an_update_alone(client: Any, more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        make(client, "refused", **more)


def test_an_update_tells_of_nothing_that_is_as_it_was(client: Any) -> None:
    other = json.loads(BODY)
    other["Resources"]["Calm"]["Properties"]["Value"] = "2"
    before = len(events(client))

    client("cloudformation").update_stack(StackName=STACK, TemplateBody=json.dumps(other))

    assert {name for name, _ in events(client)[before:]} == {STACK, "Calm"}


@pytest.mark.long
def test_each_type_that_drift_detection_reads_is_made_anew(client: Any) -> None:
    """As when somebody has tidied up an account; all but the queue, whose name is taken for a minute."""
    formation, made = client("cloudformation"), json.dumps({"Resources": one_of_each(2)})
    create = {"StackName": "gone-all", "TemplateBody": made, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    formation.create_stack(**create)
    listed = formation.list_stack_resources(StackName="gone-all")["StackResourceSummaries"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}
    wanted = DELETED.keys() - {"Queue"}
    for key in sorted(wanted):
        DELETED[key](client, ids[key])

    found = make(client, "everything", made, StackName="gone-all", Capabilities=["CAPABILITY_NAMED_IAM"])
    assert {item["ResourceChange"]["LogicalResourceId"] for item in found["Changes"]} >= wanted
    formation.execute_change_set(ChangeSetName=found["ChangeSetId"])

    told = formation.describe_stack_events(StackName="gone-all")["StackEvents"]
    failed = [item["ResourceStatusReason"] for item in told if item["ResourceStatus"].endswith("FAILED")]
    assert failed == []
    again = make(client, "calm-again", made, StackName="gone-all", Capabilities=["CAPABILITY_NAMED_IAM"])
    assert again["StackDriftStatus"] == "IN_SYNC", again["Changes"]
