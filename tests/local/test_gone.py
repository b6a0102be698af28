"""What was deleted by hand is not made again by an update of it, as on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.errors import StackError
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

Client = Callable[[str], Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com", "glue.amazonaws.com"]},
    },
}
CODE = {"ZipFile": "def handler(event, context):\n    return 1\n"}
ROLE = {"Fn::GetAtt": ["Bystander", "Arn"]}
_READING = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
READS = {
    "PolicyName": "reads",
    "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": _READING, "Resource": "*"},
    },
}


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def function(timeout: int) -> dict[str, Any]:
    names = {"Role": ROLE, "Code": CODE, "Handler": "index.handler", "Runtime": "python3.13"}
    return of("AWS::Lambda::Function", FunctionName="gone-main", Timeout=timeout, **names)


def resources(number: int) -> dict[str, Any]:
    """One of each type that a unit's template updates in place; a number changes all but the bystander."""
    alarm = {"MetricName": "m", "Namespace": "n", "EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold"}
    command = {"Name": "pythonshell", "ScriptLocation": "s3://nowhere/x.py", "PythonVersion": "3.9"}
    to = {"Arn": {"Fn::GetAtt": ["Stays", "Arn"]}, "RoleArn": ROLE}
    name = {"Ref": "Stays"}
    return {
        "Bystander": of("AWS::IAM::Role", RoleName="gone-bystander", AssumeRolePolicyDocument=TRUST, Policies=[READS]),
        "Stays": {**function(3), "Properties": {**function(3)["Properties"], "FunctionName": "gone-stays"}},
        "Version": of("AWS::Lambda::Version", FunctionName=name),
        "Source": of("AWS::SQS::Queue", QueueName="gone-source"),
        "Role": of("AWS::IAM::Role", RoleName="gone-role", AssumeRolePolicyDocument=TRUST, Description=f"{number}"),
        "Main": function(number),
        "Logs": of("AWS::Logs::LogGroup", LogGroupName="/gone/logs", RetentionInDays=(7, 14)[number % 2]),
        "Alarm": of(
            "AWS::CloudWatch::Alarm", AlarmName="gone-alarm", Threshold=number, Period=60, Statistic="Sum", **alarm
        ),
        "Rule": of("AWS::Events::Rule", Name="gone-rule", ScheduleExpression=f"rate({number + 1} minutes)"),
        "Queue": of("AWS::SQS::Queue", QueueName="gone-queue", VisibilityTimeout=30 + number),
        "Job": of("AWS::Glue::Job", Name="gone-job", Role=ROLE, Command=command, Timeout=number),
        "Alias": of(
            "AWS::Lambda::Alias",
            FunctionName=name,
            Name="live",
            FunctionVersion={"Fn::GetAtt": ["Version", "Version"]},
            Description=f"{number}",
        ),
        "Mapping": of(
            "AWS::Lambda::EventSourceMapping",
            FunctionName=name,
            EventSourceArn={"Fn::GetAtt": ["Source", "Arn"]},
            BatchSize=number,
        ),
        "Later": of(
            "AWS::Lambda::EventInvokeConfig",
            FunctionName=name,
            Qualifier="$LATEST",
            MaximumEventAgeInSeconds=60 + number,
        ),
        "Schedule": of(
            "AWS::Scheduler::Schedule",
            Name="gone-schedule",
            ScheduleExpression=f"rate({number + 1} minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=to,
        ),
    }


DELETED: dict[str, Callable[[Client, str], Any]] = {
    "Role": lambda client, name: client("iam").delete_role(RoleName=name),
    "Main": lambda client, name: client("lambda").delete_function(FunctionName=name),
    "Logs": lambda client, name: client("logs").delete_log_group(logGroupName=name),
    "Alarm": lambda client, name: client("cloudwatch").delete_alarms(AlarmNames=[name]),
    "Rule": lambda client, name: client("events").delete_rule(Name=name),
    "Queue": lambda client, name: client("sqs").delete_queue(QueueUrl=name),
    "Job": lambda client, name: client("glue").delete_job(JobName=name),
    "Alias": lambda client, _: client("lambda").delete_alias(FunctionName="gone-stays", Name="live"),
    "Mapping": lambda client, name: client("lambda").delete_event_source_mapping(UUID=name),
    "Later": lambda client, _: client("lambda").delete_function_event_invoke_config(
        FunctionName="gone-stays", Qualifier="$LATEST"
    ),
    "Schedule": lambda client, name: client("scheduler").delete_schedule(Name=name),
}


@pytest.mark.parametrize(
    "keys", [("Alarm",), pytest.param(tuple(DELETED), marks=pytest.mark.long)], ids=["an alarm", "each type"]
)
def test_what_is_gone_is_not_updated_and_all_else_is(
    local_environment: LocalCloud, local_cloud: LocalCloud, local_config: WorkspaceConfig, keys: tuple[str, ...]
) -> None:
    place, made = local_config.environment("prod"), resources(1)
    formation = Sessions().client(place, "cloudformation")
    stacks = Stacks(formation, Poller(formation), place="prod")

    def client(service: str) -> Any:
        return client_of(local_cloud, place, service)

    def deploy(wanted: dict[str, Any], token: str) -> Any:
        return stacks.deploy(
            "gone-prod", json.dumps({"Resources": wanted}), held=FakeHeld(), token=f"{token}-{len(keys)}", tags={}
        )

    deploy(made, "run-0")
    deploy(made := resources(2), "run-1")  # everything is there
    listed = formation.list_stack_resources(StackName="gone-prod")["StackResourceSummaries"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}
    for number, key in enumerate(keys):
        DELETED[key](client, ids[key])
        with pytest.raises(StackError, match="HandlerErrorCode: NotFound") as caught:
            deploy({**made, key: resources(3)[key]}, f"update-{number}")
        assert f"{key} (" in caught.value.what and "`repair.py UNIT ENVIRONMENT` does" in caught.value.hint
        # What is gone and is not changed does not keep the rest from an update, and may leave the template.
        assert (
            formation.describe_stacks(StackName="gone-prod")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        )
    deploy({key: body for key, body in made.items() if key not in keys}, "run-2")
    assert formation.describe_stacks(StackName="gone-prod")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
