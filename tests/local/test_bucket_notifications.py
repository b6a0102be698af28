"""A bucket calls a function as S3 does: with a permission, in its own form, and only for keys that the filter names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.notification import as_filter
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, eventually
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = {"ZipFile": "import json\ndef handler(event, context): print('GOT', json.dumps(event))"}
ACCOUNT = "4" * 12
ANY = "s3:ObjectCreated:*"
UNREACHABLE = "Unable to validate the following destination configurations"
AMBIGUOUS = "Configuration is ambiguously defined"


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {name: client_of(local_cloud, place, name) for name in ("lambda", "cloudformation", "s3", "logs")}


def filtered(**texts: str) -> dict[str, Any]:
    return {"Filter": {"S3Key": {"Rules": [{"Name": name, "Value": text} for name, text in texts.items()]}}}


def entry(event: str = ANY, **texts: str) -> dict[str, Any]:
    return {"Event": event, "Function": {"Fn::GetAtt": ["Function", "Arn"]}, **(filtered(**texts) if texts else {})}


def resources_of(name: str, *entries: Mapping[str, Any], permission: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A function, a bucket that calls it, and the permission for that unless it is ``None``."""
    made: dict[str, Any] = function_resources(name, SOURCE, Runtime=RUNTIME)
    bucket: dict[str, Any] = {"BucketName": name, "NotificationConfiguration": {"LambdaConfigurations": list(entries)}}
    made["Bucket"] = {"Type": "AWS::S3::Bucket", "Properties": bucket}
    if permission is not None:
        properties = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"}, **permission}
        made["Permission"] = {"Type": "AWS::Lambda::Permission", "Properties": properties}
        made["Bucket"]["DependsOn"] = ["Permission"]
    return made


def allowed(bucket: str, account: str = ACCOUNT, principal: str = "s3.amazonaws.com") -> dict[str, Any]:
    return {"Principal": principal, "SourceArn": f"arn:aws:s3:::{bucket}", "SourceAccount": account}


@pytest.mark.parametrize(
    "permission",
    [
        None,
        allowed("some-other-bucket"),
        allowed("notified-refused", account="3" * 12),
        allowed("notified-refused", principal="sns.amazonaws.com"),
    ],
    ids=["none", "of another bucket", "of another account", "of another service"],
)
def test_a_function_that_s3_may_not_call_is_refused(
    clients: dict[str, Any], permission: Mapping[str, Any] | None
) -> None:
    name = "notified-refused"
    status, reason = create_stack(clients["cloudformation"], name, resources_of(name, entry(), permission=permission))

    clients["cloudformation"].delete_stack(StackName=name)
    assert (status, UNREACHABLE in reason) == ("ROLLBACK_COMPLETE", True), reason
    assert name not in {bucket["Name"] for bucket in clients["s3"].list_buckets()["Buckets"]}


@pytest.mark.parametrize(
    "entries",
    [
        (entry(), entry()),
        (entry(), entry("s3:ObjectCreated:Put", prefix="in/")),
        (entry(prefix="in/", suffix=".csv"), entry(prefix="in/new/", suffix=".v1.csv")),
        (entry(prefix="a+b/"), entry(prefix="a%20b/new")),
    ],
)
def test_overlapping_entries_are_refused(clients: dict[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
    name = "notified-twice"
    status, reason = create_stack(
        clients["cloudformation"], name, resources_of(name, *entries, permission=allowed(name))
    )

    clients["cloudformation"].delete_stack(StackName=name)
    assert (status, AMBIGUOUS in reason) == ("ROLLBACK_COMPLETE", True), reason


def got(clients: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    try:
        events = clients["logs"].filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except clients["logs"].exceptions.ResourceNotFoundException:
        return []
    lines = [event["message"].partition("GOT ")[2] for event in events if "GOT " in event["message"]]
    return [json.loads(line)["Records"][0] for line in lines]


def keys_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    return [record["s3"]["object"]["key"] for record in records]


def test_only_what_the_filter_names_is_delivered_and_keys_are_encoded(clients: dict[str, Any]) -> None:
    name, s3 = "notified-good", clients["s3"]
    one = entry(prefix=as_filter("year=2026/a b/"), suffix=".csv")
    other = entry("s3:ObjectRemoved:*", prefix="year=2026/")
    body = resources_of(name, one, other, permission=allowed(name))
    assert create_stack(clients["cloudformation"], name, body)[0] == "CREATE_COMPLETE"

    for key in ("year=2026/a b/1.txt", "year=2026/ab/2.csv", "year=2026/a b/ä+3.csv", "year=2026/a b/4.csv"):
        s3.put_object(Bucket=name, Key=key, Body=b"123")
    eventually(lambda: len(got(clients, name)) == 2)

    records = got(clients, name)
    assert sorted(keys_of(records)) == ["year%3D2026/a+b/%C3%A4%2B3.csv", "year%3D2026/a+b/4.csv"]
    assert {record["eventName"] for record in records} == {"ObjectCreated:Put"}


def test_what_is_not_encoded_matches_no_key(clients: dict[str, Any]) -> None:
    name, s3 = "notified-plain", clients["s3"]
    body = resources_of(name, entry(prefix="year=2026/"), entry(prefix="plain/"), permission=allowed(name))
    assert create_stack(clients["cloudformation"], name, body)[0] == "CREATE_COMPLETE"

    s3.put_object(Bucket=name, Key="year=2026/1.csv", Body=b"")
    s3.put_object(Bucket=name, Key="plain/1.csv", Body=b"")
    eventually(lambda: bool(got(clients, name)))

    assert keys_of(got(clients, name)) == ["plain/1.csv"]


def test_nothing_is_delivered_once_the_permission_is_gone(clients: dict[str, Any]) -> None:
    name, s3 = "notified-late", clients["s3"]
    body = resources_of(name, entry(), permission=allowed(name))
    assert create_stack(clients["cloudformation"], name, body)[0] == "CREATE_COMPLETE"
    policy = json.loads(clients["lambda"].get_policy(FunctionName=name)["Policy"])
    s3.put_object(Bucket=name, Key="first", Body=b"")
    eventually(lambda: bool(got(clients, name)))

    clients["lambda"].remove_permission(FunctionName=name, StatementId=policy["Statement"][0]["Sid"])
    s3.put_object(Bucket=name, Key="second", Body=b"")
    clients["lambda"].add_permission(FunctionName=name, StatementId="again", **_call(name))
    s3.put_object(Bucket=name, Key="third", Body=b"")
    eventually(lambda: "third" in keys_of(got(clients, name)))

    assert keys_of(got(clients, name)) == ["first", "third"]


def _call(name: str) -> dict[str, str]:
    return {"Action": "lambda:InvokeFunction", **allowed(name)}


def test_the_api_verifies_too_unless_it_is_told_not_to(clients: dict[str, Any]) -> None:
    name, s3 = "notified-api", clients["s3"]
    s3.create_bucket(Bucket=name)
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:not-there"
    configuration = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": [ANY]}]}

    with pytest.raises(ClientError, match=UNREACHABLE):
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket=name)

    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration=configuration, SkipDestinationValidation=True
    )
    assert s3.get_bucket_notification_configuration(Bucket=name)["LambdaFunctionConfigurations"]
