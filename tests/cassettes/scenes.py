"""How the local cloud is brought to the point at which AWS gave the answer of a cassette: one scene a cassette.

A scene yields what is to be called, in the order of the cassette.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.tools.stacks import create_stack, function_resources

__all__ = ["NOT_SHOWN", "SCENES", "Clients"]

Calls = Iterator[Callable[[], Any]]

_RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_CODE = {"ZipFile": "def handler(event, context):\n    return 1\n"}
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
_GROUP = {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "live-taken"}}}
_LAMBDA = "lambda"


@attrs.frozen
class Clients:
    """Makes a client of a service: of the account under test, of one in another region, of the base identity."""

    here: Callable[[str], Any]
    elsewhere: Callable[[str], Any]
    devops: Callable[[str], Any]
    caller: Callable[[str], Any]
    bucket: str


def taken_name(clients: Clients) -> Calls:
    clients.here("logs").create_log_group(logGroupName="live-taken")
    cloudformation = clients.here("cloudformation")
    made: dict[str, str] = {}

    def create() -> Any:
        body = json.dumps({"Resources": _GROUP})
        answer = cloudformation.create_change_set(
            StackName="live-taken-sandbox", ChangeSetName="live-one", ChangeSetType="CREATE", TemplateBody=body
        )
        made["id"] = answer["Id"]
        return answer

    yield create
    yield lambda: cloudformation.describe_change_set(ChangeSetName=made["id"])
    yield lambda: cloudformation.describe_events(ChangeSetName=made["id"])


def no_changes(clients: Clients) -> Calls:
    cloudformation = clients.here("cloudformation")
    resources = {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "live-same"}}}
    create_stack(cloudformation, "live-same-sandbox", resources)
    answer = cloudformation.create_change_set(
        StackName="live-same-sandbox",
        ChangeSetName="live-one",
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    yield lambda: cloudformation.describe_change_set(ChangeSetName=answer["Id"])


def stack_that_failed(clients: Clients) -> Calls:
    cloudformation = clients.here("cloudformation")
    broken = {"S3Bucket": "live-none", "S3Key": "projects/none.whl"}
    create_stack(cloudformation, "live-failed-sandbox", function_resources("live-failed", broken, Runtime=_RUNTIME))
    yield lambda: cloudformation.create_change_set(
        StackName="live-failed-sandbox",
        ChangeSetName="live-one",
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps({"Resources": _GROUP}),
    )


def bucket_not_empty(clients: Clients) -> Calls:
    cloudformation, s3 = clients.here("cloudformation"), clients.here("s3")
    bucket = {"Main": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "live-not-empty"}}}
    create_stack(cloudformation, "live-not-empty-sandbox", bucket)
    s3.put_object(Bucket="live-not-empty", Key="one", Body=b"1")
    stack_id = cloudformation.describe_stacks(StackName="live-not-empty-sandbox")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack_id)

    def failed() -> Any:
        events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
        return {"StackEvents": [event for event in events if event["ResourceStatus"] == "DELETE_FAILED"]}

    yield failed


def alias_twice(clients: Clients) -> Calls:
    client = clients.here(_LAMBDA)
    _function(clients, "live-twice")
    client.publish_version(FunctionName="live-twice")
    client.create_alias(FunctionName="live-twice", Name="live", FunctionVersion="1")
    weights = {"AdditionalVersionWeights": {"1": 0.1}}
    yield lambda: client.update_alias(
        FunctionName="live-twice", Name="live", FunctionVersion="1", RoutingConfig=weights
    )


def mapped_already(clients: Clients) -> Calls:
    client = clients.here(_LAMBDA)
    _function(clients, "live-mapped")
    wanted = {"FunctionName": "live-mapped", "EventSourceArn": _queue(clients, "live-mapped")}
    client.create_event_source_mapping(**wanted)
    yield lambda: client.create_event_source_mapping(**wanted)


def queue_too_short(clients: Clients) -> Calls:
    _function(clients, "live-slow", Timeout=120)
    arn = _queue(clients, "live-slow")
    yield lambda: clients.here(_LAMBDA).create_event_source_mapping(FunctionName="live-slow", EventSourceArn=arn)


def other_region(clients: Clients) -> Calls:
    code = {"S3Bucket": clients.bucket, "S3Key": "projects/live.whl"}
    clients.devops("s3").put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=_EMPTY_ZIP)
    role = _role(clients, "live-far", "lambda.amazonaws.com")
    yield lambda: clients.elsewhere(_LAMBDA).create_function(
        FunctionName="live-far", Role=role, Code=code, Runtime=_RUNTIME, Handler="index.handler"
    )


def role_of_another_service(clients: Clients) -> Calls:
    role = _role(clients, "live-glue", "glue.amazonaws.com")
    yield lambda: clients.here(_LAMBDA).create_function(
        FunctionName="live-glue", Role=role, Code={"ZipFile": _EMPTY_ZIP}, Runtime=_RUNTIME, Handler="index.handler"
    )


def object_is_there(clients: Clients) -> Calls:
    s3 = clients.devops("s3")
    s3.put_object(Bucket=clients.bucket, Key="projects/live-one", Body=b"1")
    yield lambda: s3.put_object(Bucket=clients.bucket, Key="projects/live-one", Body=b"2", IfNoneMatch="*")


def object_was_changed(clients: Clients) -> Calls:
    s3 = clients.devops("s3")
    s3.put_object(Bucket=clients.bucket, Key="projects/live-two", Body=b"1")
    other = '"00000000000000000000000000000000"'
    yield lambda: s3.put_object(Bucket=clients.bucket, Key="projects/live-two", Body=b"2", IfMatch=other)


def object_was_deleted(clients: Clients) -> Calls:
    s3 = clients.devops("s3")
    etag = s3.put_object(Bucket=clients.bucket, Key="projects/live-gone", Body=b"1")["ETag"]
    s3.delete_object(Bucket=clients.bucket, Key="projects/live-gone")
    yield lambda: s3.put_object(Bucket=clients.bucket, Key="projects/live-gone", Body=b"2", IfMatch=etag)


def role_trusts_somebody_else(clients: Clients) -> Calls:
    role = _role(clients, "live-nobody", "lambda.amazonaws.com")
    yield lambda: clients.caller("sts").assume_role(RoleArn=role, RoleSessionName="live")


def minute_of_a_version(clients: Clients) -> Calls:
    import datetime

    client = clients.here(_LAMBDA)
    _function(clients, "live-measured")
    client.publish_version(FunctionName="live-measured")
    client.create_alias(FunctionName="live-measured", Name="live", FunctionVersion="1")
    client.invoke(FunctionName="live-measured", Qualifier="live", Payload=b"{}")
    now = datetime.datetime.now(datetime.UTC)
    dimensions = {"FunctionName": "live-measured", "Resource": "live-measured:live", "ExecutedVersion": "1"}
    yield lambda: clients.here("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now + datetime.timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )


SCENES: dict[str, Callable[[Clients], Calls]] = {
    "alias-with-one-version-twice": alias_twice,
    "change-of-a-stack-that-failed": stack_that_failed,
    "change-set-of-a-taken-name": taken_name,
    "change-set-without-changes": no_changes,
    "code-in-a-bucket-of-another-region": other_region,
    "event-source-that-is-mapped-already": mapped_already,
    "object-that-is-there": object_is_there,
    "object-that-was-changed": object_was_changed,
    "object-that-was-deleted": object_was_deleted,
    "queue-that-waits-less-than-its-function": queue_too_short,
    "role-that-lambda-cannot-assume": role_of_another_service,
    "role-that-trusts-somebody-else": role_trusts_somebody_else,
    "stack-with-a-bucket-that-is-not-empty": bucket_not_empty,
    "what-a-version-did-in-a-minute": minute_of_a_version,
}

NOT_SHOWN: dict[str, str] = {
    "change-set-executed-too-early": "needs some time to compute a change set, and rejects its execution until then",
    "change-of-a-stack-whose-rollback-failed": "leaves a stack in ``UPDATE_ROLLBACK_FAILED``, and rejects its updates",
    "object-that-two-write-at-once": "rejects one of two simultaneous writes with 409",
}
"""Cassettes to whose point the local cloud cannot be brought, with the row of the table of divergences."""


def _function(clients: Clients, name: str, **more: object) -> None:
    resources = function_resources(name, _CODE, Runtime=_RUNTIME, **more)
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:*:*:{name}"}
    policy = {"PolicyName": "queue", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    resources["Role"]["Properties"]["Policies"] = [policy]
    status, reasons = create_stack(clients.here("cloudformation"), f"{name}-sandbox", resources)
    assert status == "CREATE_COMPLETE", reasons


def _queue(clients: Clients, name: str) -> str:
    sqs = clients.here("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def _role(clients: Clients, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(clients.here("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
