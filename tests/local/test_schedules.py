"""EventBridge Scheduler: what it refuses, in which role and when it calls, and where what fails goes."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import CloudTime, client_of, eventually
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "import json\ndef handler(event, context): print('GOT', json.dumps(event))"}
FUNCTION = {"Fn::GetAtt": ["Function", "Arn"]}
TRUST = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
OFF = {"Mode": "OFF"}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    services = ("cloudformation", "iam", "logs", "scheduler", "sqs")
    return {service: client_of(local_cloud, place, service) for service in services}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def resources(name: str, *, may_call: bool = True, **schedule: Any) -> dict[str, Any]:
    """A function, a queue for dead letters, and a schedule with a role that may send to the queue."""
    made: dict[str, Any] = function_resources(name, CODE, Runtime=RUNTIME)
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    statements = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}]
    if may_call:
        statements.append({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION})
    policies = [{"PolicyName": "p", "PolicyDocument": document(*statements)}]
    made["Caller"] = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": document(TRUST), "Policies": policies},
    }
    made["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-dead"}}
    target = {
        "Arn": FUNCTION,
        "RoleArn": {"Fn::GetAtt": ["Caller", "Arn"]},
        "DeadLetterConfig": {"Arn": queue},
        **schedule.pop("target", {}),
    }
    properties = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, "Target": target, **schedule}
    made["Schedule"] = {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
    return made


def events(clients: dict[str, Any], name: str) -> list[Any]:
    try:
        found = clients["logs"].filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except clients["logs"].exceptions.ResourceNotFoundException:
        return []
    lines = [line for event in found for line in event["message"].splitlines()]
    return [json.loads(line.removeprefix("GOT ")) for line in lines if line.startswith("GOT ")]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "expression": ({"ScheduleExpression": "rate(0 hours)"}, "Invalid Schedule Expression rate(0 hours)."),
    "fields": ({"ScheduleExpression": "cron(0 8 * * *)"}, "Invalid Schedule Expression cron(0 8 * * *)."),
    "zone": ({"ScheduleExpressionTimezone": "Europe/Berlon"}, "ScheduleExpressionTimezone Europe/Berlon is not valid"),
    "window": ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}}, "from 1 to 1440"),
    "no-window": ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes is required"),
    "retries": ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}}, "from 0 to 185"),
    "start": ({"StartDate": "2020-01-01T00:00:00Z"}, "StartDate you specify cannot be earlier than 5 minutes ago"),
    "end": ({"EndDate": "2020-01-01T00:00:00Z"}, "The EndDate you specify must come after"),
    "fifo": ({"target": {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:444444444444:a.fifo"}}}, "constraint"),
    "input": ({"target": {"Input": "no JSON"}}, "must be a well-formed JSON"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_schedule_that_aws_would_refuse_is_refused(clients: dict[str, Any], kind: str) -> None:
    more, reason = REFUSED[kind]

    status, said = create_stack(clients["cloudformation"], f"timed-no-{kind}", resources(f"timed-no-{kind}", **more))

    assert status == "ROLLBACK_COMPLETE"
    assert reason in said


def test_the_api_refuses_the_same(clients: dict[str, Any]) -> None:
    role = clients["iam"].create_role(RoleName="timed-api", AssumeRolePolicyDocument=json.dumps(document(TRUST)))[
        "Role"
    ]
    target = {"Arn": "arn:aws:lambda:us-east-1:444444444444:function:f", "RoleArn": role["Arn"]}
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        clients["scheduler"].create_schedule(
            Name="timed", ScheduleExpression="rate(1)", FlexibleTimeWindow=OFF, Target=target
        )


def test_a_rate_begins_at_once_and_goes_on(clients: dict[str, Any], local_cloud: LocalCloud) -> None:
    made = resources("timed-rate")
    assert create_stack(clients["cloudformation"], "timed-rate", made)[0] == "CREATE_COMPLETE"

    eventually(lambda: len(events(clients, "timed-rate")) == 1, seconds=30)
    (event,) = events(clients, "timed-rate")
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert ":schedule/default/timed-rate-Schedule-" in event["resources"][0]
    CloudTime(local_cloud).sleep(3601)
    eventually(lambda: len(events(clients, "timed-rate")) == 2, seconds=30)


def test_an_input_tells_when_it_was_due_in_the_time_of_its_zone(
    clients: dict[str, Any], local_cloud: LocalCloud
) -> None:
    given = {"ScheduleExpression": "cron(0 8 * * ? *)", "ScheduleExpressionTimezone": "Asia/Kolkata"}
    made = resources("timed-zone", **given, target={"Input": '{"due": "<aws.scheduler.scheduled-time>"}'})
    assert create_stack(clients["cloudformation"], "timed-zone", made)[0] == "CREATE_COMPLETE"
    there = clients["scheduler"].list_schedules()["Schedules"]
    (name,) = (each["Name"] for each in there if each["Name"].startswith("timed-zone-"))
    assert clients["scheduler"].get_schedule(Name=name)["ScheduleExpressionTimezone"] == "Asia/Kolkata"

    CloudTime(local_cloud).sleep(24 * 3600)

    eventually(lambda: len(events(clients, "timed-zone")) == 1, seconds=30)
    assert events(clients, "timed-zone")[0]["due"].endswith("T02:30:00Z")


def test_what_its_role_may_not_call_goes_to_the_dead_letter_queue(clients: dict[str, Any]) -> None:
    made = resources("timed-dead", may_call=False)
    assert create_stack(clients["cloudformation"], "timed-dead", made)[0] == "CREATE_COMPLETE"
    queue = clients["sqs"].get_queue_url(QueueName="timed-dead-dead")["QueueUrl"]
    found: list[Any] = []

    def is_there() -> bool:
        got = clients["sqs"].receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
        found.extend(got.get("Messages", []))
        return bool(found)

    eventually(is_there, seconds=30)
    told = {name: each["StringValue"] for name, each in found[0]["MessageAttributes"].items()}
    assert told["ERROR_CODE"] == "AccessDeniedException"
    assert "is not authorized to perform: lambda:InvokeFunction" in told["ERROR_MESSAGE"]
    assert json.loads(found[0]["Body"])["source"] == "aws.scheduler"
    assert events(clients, "timed-dead") == []
