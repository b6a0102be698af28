"""A server that is killed loses nothing that it has answered, and no record speaks of what is not there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.server import down, ensure_running, status
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.rules import keeping
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CONFIG = WorkspaceConfig(
    devops=Devops(account_id="111111111111", region="us-east-1", bucket="durable-artifacts"),
    environments=(Environment(name="prod", account_id="222222222222", region="us-east-1", position=1),),
)
Client = Callable[[str], Any]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with keeping():  # what is looked at here is what is on the disk
        yield tmp_path
        down(tmp_path)


def clients(cloud: LocalCloud) -> Client:
    return lambda service: client_of(cloud, CONFIG.devops if service == "s3" else CONFIG.environment("prod"), service)


def kill(root: Path) -> None:
    """As the kernel does when memory is short: the server and the functions that it runs."""
    os.killpg(status(root).pid or 0, signal.SIGKILL)


def put_parameter(client: Client) -> None:
    client("ssm").put_parameter(Name="/kept", Value="yes", Type="String")


def has_parameter(client: Client) -> bool:
    return bool(client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "yes")


def create_queue(client: Client) -> None:
    client("sqs").create_queue(QueueName="kept")


def has_queue(client: Client) -> bool:
    return len(client("sqs").list_queues().get("QueueUrls", [])) == 1


def create_table(client: Client) -> None:
    client("dynamodb").create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )


def has_table(client: Client) -> bool:
    return bool(client("dynamodb").list_tables()["TableNames"] == ["kept"])


def create_role(client: Client) -> None:
    client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument="{}")


def has_role(client: Client) -> bool:
    return "kept" in [role["RoleName"] for role in client("iam").list_roles()["Roles"]]


def create_stack_of_a_function(client: Client) -> None:
    resources = function_resources("kept", {"ZipFile": "def handler(event, context): return 7"}, Runtime=RUNTIME)
    client("cloudformation").create_stack(
        StackName="kept", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )


def has_stack_of_a_function(client: Client) -> bool:
    found = client("cloudformation").describe_stacks(StackName="kept")["Stacks"][0]["StackStatus"]
    return bool(found == "CREATE_COMPLETE" and client("lambda").invoke(FunctionName="kept")["Payload"].read() == b"7")


def create_bucket(client: Client) -> None:
    client("s3").create_bucket(Bucket="durable-kept")
    client("s3").put_bucket_versioning(Bucket="durable-kept", VersioningConfiguration={"Status": "Enabled"})


def has_bucket(client: Client) -> bool:
    return bool(client("s3").get_bucket_versioning(Bucket="durable-kept").get("Status") == "Enabled")


@pytest.mark.parametrize(
    ("change", "is_there"),
    [
        (put_parameter, has_parameter),
        (create_queue, has_queue),
        (create_table, has_table),
        (create_role, has_role),
        (create_stack_of_a_function, has_stack_of_a_function),
        (create_bucket, has_bucket),
    ],
)
def test_a_change_that_was_answered_is_there_after_a_kill(
    root: Path, change: Callable[[Client], None], is_there: Callable[[Client], bool]
) -> None:
    change(clients(ensure_running(root, CONFIG)))
    kill(root)
    assert is_there(clients(ensure_running(root, CONFIG)))


def test_a_new_version_of_a_function_and_the_alias_on_it_are_there_after_a_kill(root: Path) -> None:
    client = clients(ensure_running(root, CONFIG))
    create_stack_of_a_function(client)
    for number in range(2):
        functions = client("lambda")
        code = base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==") + bytes([number])
        functions.update_function_code(FunctionName="kept", ZipFile=code)
        version = functions.publish_version(FunctionName="kept")["Version"]
        name = "create_alias" if number == 0 else "update_alias"
        getattr(functions, name)(FunctionName="kept", Name="live", FunctionVersion=version)
        kill(root)
        client = clients(ensure_running(root, CONFIG))
        assert client("lambda").get_alias(FunctionName="kept", Name="live")["FunctionVersion"] == version
        found = client("lambda").get_function_configuration(FunctionName="kept", Qualifier="live")
        assert found["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()


def test_a_record_is_not_there_before_what_it_speaks_of(root: Path) -> None:
    """In a state so large that not every answer waits: the write of the record does."""
    client = clients(ensure_running(root, CONFIG))
    cloudformation, parameter = client("cloudformation"), {"Type": "String", "Value": "1"}
    resources = {f"P{n}": {"Type": "AWS::SSM::Parameter", "Properties": parameter} for n in range(100)}
    for number in range(40):
        create_stack(cloudformation, f"many-{number}", resources)
    create_stack_of_a_function(client)
    client("s3").put_object(Bucket=CONFIG.devops.bucket, Key="environments/prod/current/kept.json", Body=b"{}")
    kill(root)
    client = clients(ensure_running(root, CONFIG))
    assert client("s3").get_object(Bucket=CONFIG.devops.bucket, Key="environments/prod/current/kept.json")
    assert has_stack_of_a_function(client)


def test_versions_of_objects_are_there_after_a_kill(root: Path) -> None:
    where = {"Bucket": CONFIG.devops.bucket, "Key": "projects/kept"}
    s3 = clients(ensure_running(root, CONFIG))("s3")
    ids = [s3.put_object(**where, Body=body, ChecksumAlgorithm="SHA256")["VersionId"] for body in (b"one", b"two")]
    s3.delete_object(**where)
    kill(root)
    s3 = clients(ensure_running(root, CONFIG))("s3")
    found = [s3.get_object(**where, VersionId=version, ChecksumMode="ENABLED") for version in ids]
    assert [one["Body"].read() for one in found] == [b"one", b"two"]
    assert found[0]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    assert s3.list_object_versions(Bucket=where["Bucket"], Prefix=where["Key"])["DeleteMarkers"][0]["IsLatest"]


def test_a_custom_resource_may_write_while_its_stack_waits_for_it(root: Path) -> None:
    """Its writes do not wait for a save that waits for the stack."""
    client = clients(ensure_running(root, CONFIG))
    source = """
import boto3, json, time, urllib.request
def handler(event, context):
    started = time.monotonic()
    boto3.client("ssm").put_parameter(Name="/of/a/resource", Value="1", Type="String", Overwrite=True)
    body = {k: event[k] for k in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"Status": "SUCCESS", "PhysicalResourceId": "p", "Data": {"Seconds": time.monotonic() - started}}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request)
"""
    resources = function_resources("custom", {"ZipFile": source}, Runtime=RUNTIME)
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
    policy = {"PolicyName": "ssm", "PolicyDocument": allowed}
    resources["Role"]["Properties"]["Policies"] = [policy]
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    resources["Own"] = {"Type": "Custom::Own", "Properties": {"ServiceToken": token}}
    outputs = {"Seconds": {"Value": {"Fn::GetAtt": ["Own", "Seconds"]}}}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="custom", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    found = cloudformation.describe_stacks(StackName="custom")["Stacks"][0]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert float(found["Outputs"][0]["OutputValue"]) < 4


def test_state_of_a_release_with_a_file_for_each_service_is_read(root: Path) -> None:
    cloud = ensure_running(root, CONFIG)
    put_parameter(clients(cloud))
    down(root)
    state = cloud.folder / "state"
    whole = state / "all.jsonl"
    for line in whole.read_text().splitlines():
        name, _, text = line.partition("\t")
        (state / f"{name}.json").write_text(text)
    whole.unlink()
    assert has_parameter(clients(ensure_running(root, CONFIG)))
    down(root)
    assert whole.exists() and not list(state.glob("*.json"))
