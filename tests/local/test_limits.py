"""What AWS refuses of names, patterns, runs and updates is refused here, in its words."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import CloudTime, client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "limits-topic"}}
EVERYTHING = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


@pytest.fixture
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return lambda service: client_of(local_cloud, local_config.environment("prod"), service)


def changed(cloudformation: Any, name: str, resources: dict[str, Any]) -> tuple[str, str]:
    """The status after an update, and the reason of what failed first."""
    body = json.dumps({"Resources": resources})
    stack = cloudformation.update_stack(StackName=name, TemplateBody=body)["StackId"]
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events[::-1] if e["ResourceStatus"] == "UPDATE_FAILED"]
    return events[0]["ResourceStatus"], (reasons or [""])[0]


@pytest.mark.parametrize(
    ("forbidden", "topic", "reason"),
    [
        (
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Topic"},
            {**TOPIC, "Properties": {**TOPIC["Properties"], "DisplayName": "new"}},
            "Action denied by stack policy: Statement [#1] does not allow [Update:Modify] for resource "
            "[LogicalResourceId/Topic]",
        ),
        (
            {"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*"},
            None,
            "Action denied by stack policy: Statement [#1] does not allow [Update:Delete] for resource "
            "[LogicalResourceId/Topic]",
        ),
        (
            {"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*"},
            {**TOPIC, "Properties": {**TOPIC["Properties"], "DisplayName": "new"}},
            "",
        ),
    ],
)
def test_an_update_does_what_the_stack_policy_allows(
    client: Any, forbidden: dict[str, Any], topic: dict[str, Any] | None, reason: str
) -> None:
    cloudformation, name = client("cloudformation"), "limits-policy"
    other = {"Other": {"Type": "AWS::SNS::Topic"}}
    create_stack(cloudformation, name, {**other, "Topic": TOPIC})
    document = json.dumps({"Statement": [EVERYTHING, forbidden]})
    cloudformation.set_stack_policy(StackName=name, StackPolicyBody=document)
    wanted = {**other, **({} if topic is None else {"Topic": topic})}

    expected = "UPDATE_ROLLBACK_COMPLETE" if reason else "UPDATE_COMPLETE"
    assert changed(cloudformation, name, wanted) == (expected, reason)
    assert "limits-topic" in json.dumps(client("sns").list_topics()["Topics"])
    cloudformation.delete_stack(StackName=name)


def test_a_policy_that_names_somebody_who_is_gone_is_refused_as_a_whole(
    local_cloud: LocalCloud, local_config: WorkspaceConfig
) -> None:
    s3, iam = (client_of(local_cloud, local_config.devops, service) for service in ("s3", "iam"))
    bucket = {"Bucket": "limits-of-principals"}
    s3.create_bucket(**bucket)
    role = iam.create_role(RoleName="limits", AssumeRolePolicyDocument=TRUST)["Role"]

    def put(principal: object) -> None:
        statement = {
            "Sid": "Old",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::limits-of-principals/*",
        }
        document = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": principal}]}
        s3.put_bucket_policy(**bucket, Policy=json.dumps(document))

    put({"AWS": [role["Arn"], "arn:aws:iam::121212121212:role/of-others", "888888888888"]})
    iam.delete_role(RoleName="limits")
    text = s3.get_bucket_policy(**bucket)["Policy"]
    assert role["RoleId"] in text and role["Arn"] not in text
    for gone in (role["RoleId"], role["Arn"], "nobody"):
        with pytest.raises(ClientError, match="MalformedPolicy.*Invalid principal in policy"):
            put({"AWS": gone})
    s3.delete_bucket(**bucket)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ({"source": [{"suffix": "a"}]}, ""),
        ({"source": [{"suffixx": "a"}]}, "Event pattern is not valid. Reason: Unrecognized match type suffixx"),
        ({"source": ["x" * 2048]}, "Event pattern is not valid. Reason: the pattern has 2063 characters"),
    ],
)
def test_a_stack_with_a_pattern_that_eventbridge_cannot_take_is_rolled_back(
    client: Any, pattern: dict[str, Any], reason: str
) -> None:
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    status, found = create_stack(client("cloudformation"), f"limits-pattern-{len(json.dumps(pattern))}", {"Rule": rule})
    assert (status, reason in found) == ("ROLLBACK_COMPLETE" if reason else "CREATE_COMPLETE", True)


def test_a_rule_with_an_input_that_is_too_long_is_rolled_back(client: Any) -> None:
    target = {"Id": "a", "Arn": "arn:aws:sqs:us-east-1:555555555555:a", "Input": json.dumps("x" * 8191)}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)", "Targets": [target]}}
    status, found = create_stack(client("cloudformation"), "limits-input", {"Rule": rule})
    assert (status, "Member must have length less than or equal to 8192" in found) == ("ROLLBACK_COMPLETE", True)


def test_a_function_has_as_many_permissions_as_its_policy_has_room_for(client: Any) -> None:
    runtime = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    code = {"ZipFile": "def handler(event, context): return 1"}
    made = function_resources("limits-many", code, Runtime=runtime)
    allowed = {
        "FunctionName": {"Ref": "Function"},
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }
    for number in range(60):
        source = f"arn:aws:events:us-east-1:555555555555:rule/{number:0250}"
        made[f"Permission{number}"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {**allowed, "SourceArn": source},
        }
    status, found = create_stack(client("cloudformation"), "limits-many", made)
    text = r"The final policy size \(20[4-9]\d\d\) is bigger than the limit \(20480\)"
    assert (status, re.search(text, found) is None) == ("ROLLBACK_COMPLETE", False)


def test_a_queues_name_is_free_a_minute_after_its_deletion(client: Any, local_cloud: LocalCloud) -> None:
    sqs, cloudformation = client("sqs"), client("cloudformation")
    stack = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "limits-queue"}}}
    create_stack(cloudformation, "limits-queue", stack)
    cloudformation.delete_stack(StackName="limits-queue")

    def is_refused() -> bool:
        with pytest.raises(ClientError, match="QueueDeletedRecently.*You must wait 60 seconds"):
            sqs.create_queue(QueueName="limits-queue")
        return True

    assert is_refused()
    assert "You must wait 60 seconds after deleting a queue" in create_stack(cloudformation, "limits-again", stack)[1]
    CloudTime(local_cloud).sleep(61)
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="limits-queue")["QueueUrl"])
    assert is_refused()


def test_a_job_runs_as_often_at_once_as_it_says(client: Any, local_cloud: LocalCloud) -> None:
    glue, s3 = client("glue"), client("s3")
    statement = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = client("iam").create_role(RoleName="limits-glue", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    s3.create_bucket(Bucket="limits-of-jobs")
    s3.put_object(Bucket="limits-of-jobs", Key="wait.py", Body=b"import time; time.sleep(5)")
    command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://limits-of-jobs/wait.py"}
    properties = {"Name": "limits-two", "Role": role, "Command": command, "ExecutionProperty": {"MaxConcurrentRuns": 2}}
    create_stack(client("cloudformation"), "limits-job", {"Job": {"Type": "AWS::Glue::Job", "Properties": properties}})
    glue.create_job(Name="limits-one", Role=role, Command=command)

    for name, runs in (("limits-one", 1), ("limits-two", 2)):
        for _ in range(runs):
            glue.start_job_run(JobName=name)
        with pytest.raises(ClientError, match=f"ConcurrentRunsExceeded.*Concurrent runs exceeded for {name}"):
            glue.start_job_run(JobName=name)


def test_eventbridge_hears_of_a_buckets_objects_five_minutes_after_that_was_switched_on(
    client: Any, local_cloud: LocalCloud
) -> None:
    s3, sqs, events, bucket = client("s3"), client("sqs"), client("events"), {"Bucket": "limits-of-events"}
    queue = sqs.create_queue(QueueName="limits-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket["Bucket"]]}}}
    events.put_rule(Name="limits-events", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="limits-events", Targets=[{"Id": "queue", "Arn": arn}])
    s3.create_bucket(**bucket)
    s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})

    s3.put_object(**bucket, Key="early")
    CloudTime(local_cloud).sleep(301)
    s3.put_object(**bucket, Key="late")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "late"
