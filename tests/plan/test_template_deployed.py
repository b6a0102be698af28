"""The local cloud takes the templates: everything is made, versions come and stay, and the alias answers."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.template import job_scripts
from multi_env_lambda.testing.local_cloud import client_of
from tests.plan.template_values import EVERYTHING, JOB, SANDBOX, SMALL, STREAM_ARN, maximal, of_type, project, text
from tests.rules import cloud_keeping

pytestmark = pytest.mark.local_cloud

HERE = f"python3.{sys.version_info.minor}"
"""The runtime that the local cloud has for certain."""

HANDLER = "def handler(event, context):\n    return {'answer': %d, 'arn': context.invoked_function_arn}\n"

JOB_MODULE = "def main(arguments):\n    assert arguments == {'day': 'monday'}, arguments\n"


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


@attrs.frozen
class Account:
    """The sandbox account, with the artifacts in a bucket of its own."""

    bucket: str
    s3: Any
    cloudformation: Any
    lambda_: Any
    ssm: Any

    def put_code(self, answer: int) -> SourceArtifact:
        wheel = zipped({"orders/__init__.py": "", "orders/create.py": HANDLER % answer})
        digest = hashlib.sha256(wheel).hexdigest()
        source = SourceArtifact(project="orders", version=f"0.1.{answer}", digest=digest, wheel_sha256=digest)
        self.s3.put_object(Bucket=self.bucket, Key=source.wheel_key, Body=wheel)
        return source

    def deploy(self, template: str, *, update: bool = False) -> None:
        call = self.cloudformation.update_stack if update else self.cloudformation.create_stack
        call(
            StackName="orders-sandbox",
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in self.pins(template).items()],
        )
        name = "stack_update_complete" if update else "stack_create_complete"
        self.cloudformation.get_waiter(name).wait(
            StackName="orders-sandbox", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def pins(self, template: str) -> dict[str, str]:
        """The version of each object that the template names by a parameter."""
        found: dict[str, str] = {}
        for body in json.loads(template)["Resources"].values():
            code = body.get("Properties", {}).get("Code") or body.get("Properties", {}).get("Content") or {}
            if isinstance(code.get("S3ObjectVersion"), dict):
                head = self.s3.head_object(Bucket=self.bucket, Key=code["S3Key"])
                found[code["S3ObjectVersion"]["Ref"]] = head["VersionId"]
        return found

    def ask(self) -> Any:
        answer = self.lambda_.invoke(FunctionName="orders-sandbox-create:live", Payload=b"{}")
        found = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, found
        return found


def drift_of(account: Account) -> tuple[set[str], set[str]]:
    """What is not as the template says, and of what nothing is known."""
    cloudformation, stack = account.cloudformation, "orders-sandbox"
    cloudformation.detect_stack_drift(StackName=stack)
    found = cloudformation.describe_stack_resource_drifts(StackName=stack)["StackResourceDrifts"]
    told = {
        f"{line['LogicalResourceId']} {line['StackResourceDriftStatus']} {line.get('PropertyDifferences')}"
        for line in found
        if line["StackResourceDriftStatus"] != "IN_SYNC"
    }
    listed = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    compared = {line["LogicalResourceId"] for line in found}
    return told, {line["LogicalResourceId"] for line in listed} - compared


def make_sources(local_cloud: LocalCloud) -> str:
    """What the events of the functions name and their stack does not make; the ARN of the table's stream out."""
    client_of(local_cloud, SANDBOX, "sns").create_topic(Name="news")
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::222222222222:role/api-gateway-logs"}
    client_of(local_cloud, SANDBOX, "apigateway").update_account(patchOperations=[role])
    client_of(local_cloud, SANDBOX, "events").create_event_bus(Name="shop")
    client_of(local_cloud, SANDBOX, "kinesis").create_stream(StreamName="clicks", ShardCount=1)
    table = client_of(local_cloud, SANDBOX, "dynamodb").create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return str(table["TableDescription"]["LatestStreamArn"])


def finished(glue: Any, run: str) -> tuple[str, str]:
    """How a run of the job ended. There is no waiter for job runs, and the local cloud needs well under a second."""
    for _ in range(2000):
        found = glue.get_job_run(JobName="orders-sandbox-nightly", RunId=run)["JobRun"]
        if found["JobRunState"] not in ("STARTING", "RUNNING"):
            break
    return found["JobRunState"], found.get("ErrorMessage", "")


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One that shows where an alias leads at once."""
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config) as cloud:
        yield cloud


@pytest.fixture
def account(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Iterator[Account]:
    services = ("s3", "cloudformation", "lambda", "ssm")
    s3, cloudformation, lambda_, ssm = (client_of(local_cloud, SANDBOX, name) for name in services)
    bucket = "template-tests-222222222222"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    yield Account(bucket, s3, cloudformation, lambda_, ssm)
    cloudformation.delete_stack(StackName="orders-sandbox")
    logs = client_of(local_cloud, SANDBOX, "logs")
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])  # they outlive their stack


def test_everything_can_be_made_and_has_no_drift_then(account: Account, local_cloud: LocalCloud) -> None:
    stream = make_sources(local_cloud)
    layer = LayerArtifact(project="orders", number=1, digest="3" * 64, python="3.13", architecture="arm64")
    account.s3.put_object(Bucket=account.bucket, Key=layer.layer_key, Body=zipped({"python/helper.py": "x = 1"}))
    account.ssm.put_parameter(Name="/orders/url", Value="https://acme.example", Type="String")
    whole = maximal().settings["sandbox"]
    # SnapStart begins with Python 3.12.
    functions = (attrs.evolve(EVERYTHING, snap_start=False), whole.functions[1])
    unit = attrs.evolve(maximal(), runtime=HERE, settings={"sandbox": attrs.evolve(whole, functions=functions)})

    template = text(unit, bucket=account.bucket, source=account.put_code(1), layer=layer)
    account.deploy(template.replace(STREAM_ARN, stream))

    assert account.ask()["answer"] == 1
    configuration = account.lambda_.get_function_configuration(FunctionName="orders-sandbox-create", Qualifier="live")
    assert configuration["Environment"]["Variables"] == {
        "DB_PASSWORD": "orders/db",
        "DB_PASSWORD_KEY": "password",
        "TABLE": "orders-sandbox",
        "URL": "https://acme.example",
    }
    # The policies of its queues are of the only type of ours that CloudFormation cannot read.
    unread = set(of_type(json.loads(template), "AWS::SQS::QueuePolicy"))
    assert unread and drift_of(account) == (set(), unread)


def test_new_code_is_a_new_version_and_the_old_one_stays(account: Account) -> None:
    unit = attrs.evolve(project(SMALL), runtime=HERE)
    first, second = account.put_code(1), account.put_code(2)
    account.deploy(text(unit, bucket=account.bucket, source=first, layer=None))
    before = account.ask()
    account.deploy(text(unit, bucket=account.bucket, source=second, layer=None), update=True)
    after = account.ask()
    account.deploy(text(unit, bucket=account.bucket, source=first, layer=None), update=True)
    back = account.ask()

    assert [found["answer"] for found in (before, after, back)] == [1, 2, 1]
    live = account.lambda_.get_function_configuration(FunctionName="orders-sandbox-create", Qualifier="live")
    assert live["CodeSha256"] == first.code_sha256
    versions = account.lambda_.list_versions_by_function(FunctionName="orders-sandbox-create")["Versions"]
    assert len([version for version in versions if version["Version"] != "$LATEST"]) == 3


def test_a_glue_job_runs_the_wheel(account: Account, local_cloud: LocalCloud) -> None:
    unit = project(jobs=(JOB,))
    wheel = zipped({"orders/__init__.py": "", "orders/nightly.py": JOB_MODULE})
    digest = hashlib.sha256(wheel).hexdigest()
    source = SourceArtifact(project="orders", version="0.1.7", digest=digest, wheel_sha256=digest)
    for key, body in ((source.wheel_key, wheel), *job_scripts(unit)):
        account.s3.put_object(Bucket=account.bucket, Key=key, Body=body)
    account.deploy(text(unit, bucket=account.bucket, source=source, layer=None))
    glue = client_of(local_cloud, SANDBOX, "glue")

    run = glue.start_job_run(JobName="orders-sandbox-nightly")["JobRunId"]

    assert finished(glue, run) == ("SUCCEEDED", "")
    assert glue.get_trigger(Name=glue.list_triggers()["TriggerNames"][0])["Trigger"]["Schedule"] == JOB.schedule
