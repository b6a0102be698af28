"""Names are refused and given here as CloudFormation refuses and gives them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.ranges import some_of
from tests.tools.stacks import create_stack

pytestmark = pytest.mark.local_cloud

HERE = "us-east-1:555555555555"
TRUST = {"Version": "2012-10-17", "Statement": []}
ALLOWED = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}}
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "MetricName": "Errors",
    "Namespace": "Own",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}


@pytest.fixture
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return lambda service: client_of(local_cloud, local_config.environment("prod"), service)


def make_alarm(client: Any, name: str) -> None:
    client("cloudwatch").put_metric_alarm(AlarmName=name, **ALARM)


COMMAND = {"Name": "pythonshell", "ScriptLocation": "s3://somewhere/job.py"}
ROLE = "arn:aws:iam::555555555555:role/of-schedules"
EVERY_DAY = {
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:lambda:us-east-1:555555555555:function:theirs", "RoleArn": ROLE},
}


def make_schedule(client: Any, name: str, group: str = "default") -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with suppress(ClientError):  # another test has made it
        client("iam").create_role(RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=policy)
    client("scheduler").create_schedule(Name=name, GroupName=group, **EVERY_DAY)


TAKEN: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", make_alarm, ALARM),
    "AWS::Events::EventBus": ("Name", lambda client, name: client("events").create_event_bus(Name=name), {}),
    "AWS::Events::Rule": (
        "Name",
        lambda client, name: client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)"),
        {"ScheduleExpression": "rate(1 hour)"},
    ),
    "AWS::Glue::Job": (
        "Name",
        lambda client, name: client("glue").create_job(Name=name, Role=ROLE, Command=COMMAND),
        {"Role": ROLE, "Command": COMMAND},
    ),
    "AWS::Glue::Trigger": (
        "Name",
        lambda client, name: client("glue").create_trigger(Name=name, Type="ON_DEMAND", Actions=[{"JobName": "a"}]),
        {"Type": "ON_DEMAND", "Actions": [{"JobName": "a"}]},
    ),
    "AWS::IAM::ManagedPolicy": (
        "ManagedPolicyName",
        lambda client, name: client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOWED)),
        {"PolicyDocument": ALLOWED},
    ),
    "AWS::IAM::Role": (
        "RoleName",
        lambda client, name: client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)),
        {"AssumeRolePolicyDocument": TRUST},
    ),
    "AWS::Kinesis::Stream": (
        "Name",
        lambda client, name: client("kinesis").create_stream(StreamName=name, ShardCount=1),
        {"ShardCount": 1},
    ),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        lambda client, name: client("logs").create_log_group(logGroupName=name),
        {},
    ),
    "AWS::SNS::Topic": ("TopicName", lambda client, name: client("sns").create_topic(Name=name), {}),
    "AWS::SQS::Queue": ("QueueName", lambda client, name: client("sqs").create_queue(QueueName=name), {}),
    "AWS::Scheduler::Schedule": ("Name", make_schedule, EVERY_DAY),
    "AWS::SecretsManager::Secret": (
        "Name",
        lambda client, name: client("secretsmanager").create_secret(Name=name, SecretString="theirs"),
        {"SecretString": "ours"},
    ),
}
BEFORE_IT_IS_MADE = {
    "AWS::CloudWatch::Alarm",
    "AWS::Events::EventBus",
    "AWS::Glue::Job",
    "AWS::Glue::Trigger",
    "AWS::IAM::Role",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::Scheduler::Schedule",
}


@pytest.mark.parametrize("kind", some_of(sorted(TAKEN), every=4))
def test_a_stack_takes_nothing_over_that_has_its_name(client: Any, kind: str) -> None:
    key, make, properties = TAKEN[kind]
    name = f"taken-{kind.rpartition('::')[2].lower()}"
    make(client, name)
    resources = {"Thing": {"Type": kind, "Properties": {**properties, key: name}}}

    status, reasons = create_stack(client("cloudformation"), f"stack-{name}", resources)
    assert (status, f"'{kind}' with identifier '{name}' already exists" in reasons) == ("ROLLBACK_COMPLETE", True)
    found = change_set(client("cloudformation"), f"early-{name}", resources)
    assert found == ("FAILED" if kind in BEFORE_IT_IS_MADE else "CREATE_COMPLETE")


def change_set(stacks: Any, stack: str, resources: dict[str, Any]) -> str:
    body, capabilities = json.dumps({"Resources": resources}), ["CAPABILITY_NAMED_IAM"]
    names = {"StackName": stack, "ChangeSetName": "early"}
    stacks.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=body, Capabilities=capabilities)
    status: str = stacks.describe_change_set(**names)["Status"]
    return status


@pytest.mark.parametrize("kind", some_of(sorted(BEFORE_IT_IS_MADE), every=4))
def test_what_is_found_by_its_name_comes_into_a_stack_as_it_is(client: Any, kind: str) -> None:
    key, make, properties = TAKEN[kind]
    name = f"theirs-{kind.rpartition('::')[2].lower()}"
    make(client, name)
    stacks, names = client("cloudformation"), {"StackName": f"stack-{name}", "ChangeSetName": "import"}
    thing = {"Type": kind, "DeletionPolicy": "Retain", "Properties": {**properties, key: name}}
    body = json.dumps({"Resources": {"Thing": thing}})
    more = {"ImportExistingResources": True, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stacks.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=body, **more)
    (change,) = stacks.describe_change_set(**names)["Changes"]
    assert change["ResourceChange"]["Action"] == "Import"

    stacks.execute_change_set(**names)
    stacks.get_waiter("stack_create_complete").wait(StackName=f"stack-{name}", WaiterConfig={"Delay": 1})
    (made,) = stacks.describe_stack_resources(StackName=f"stack-{name}")["StackResources"]
    assert made["PhysicalResourceId"] == name
    events = {
        event["ResourceStatus"] for event in stacks.describe_stack_events(StackName=names["StackName"])["StackEvents"]
    }
    assert "IMPORT_COMPLETE" in events


def test_a_schedule_in_a_group_of_its_own_is_met_when_the_stack_makes_it(client: Any) -> None:
    client("scheduler").create_schedule_group(Name="own")
    make_schedule(client, "grouped", "own")
    properties = {**EVERY_DAY, "Name": "grouped", "GroupName": "own"}
    resources = {"Thing": {"Type": "AWS::Scheduler::Schedule", "Properties": properties}}
    assert change_set(client("cloudformation"), "early-grouped", resources) == "CREATE_COMPLETE"
    status, reasons = create_stack(client("cloudformation"), "stack-grouped", resources)
    assert (status, "'grouped' already exists" in reasons) == ("ROLLBACK_COMPLETE", True)


def test_a_queue_that_is_there_is_not_looked_for_even_where_it_may_be_imported(client: Any) -> None:
    client("sqs").create_queue(QueueName="not-found")
    stacks, names = client("cloudformation"), {"StackName": "not-found", "ChangeSetName": "import"}
    queue = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "not-found"}}
    body = json.dumps({"Resources": {"Queue": queue}})
    stacks.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=body, ImportExistingResources=True)
    (change,) = stacks.describe_change_set(**names)["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"


STACK, LOGICAL = "customer-notification-service-prod", "SendReminderToCustomerRole"
"""So long that a role's name has room for 25 characters of each."""


@pytest.mark.parametrize(
    ("kind", "properties", "beginning", "length"),
    [
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": TRUST},
            "customer-notification-ser-SendReminderToCustomerRol-",
            64,
        ),
        ("AWS::S3::Bucket", {}, "customer-notification-ser-sendremindertocustomerro-", 63),
        ("AWS::SQS::Queue", {}, f"{STACK}-{LOGICAL}-", 74),
        ("AWS::Logs::LogGroup", {}, f"{STACK}-{LOGICAL}-", 74),
        ("AWS::SSM::Parameter", {"Type": "String", "Value": "v"}, f"CFN-{LOGICAL}-", 43),
        ("AWS::SecretsManager::Secret", {"SecretString": "s"}, f"{LOGICAL}-", 39),
    ],
)
def test_a_name_of_cloudformations_is_cut_in_both_halves(
    client: Any, kind: str, properties: dict[str, Any], beginning: str, length: int
) -> None:
    stacks, stack = client("cloudformation"), f"{STACK}"
    resources = {LOGICAL: {"Type": kind, "Properties": properties}}
    assert create_stack(stacks, stack, resources) == ("CREATE_COMPLETE", "")
    (made,) = stacks.describe_stack_resources(StackName=stack)["StackResources"]
    stacks.delete_stack(StackName=stack)
    name = made["PhysicalResourceId"].rpartition("/")[2]
    name = name.rpartition(":secret:")[2].rpartition("-")[0] if ":secret:" in name else name
    assert (name[: len(beginning)], len(name)) == (beginning, length)
