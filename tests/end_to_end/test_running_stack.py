"""A running stack of another tool, with data in it, comes under a unit: nothing is lost, and names stay."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.cli.main import main
from multi_env_lambda.errors import Refused
from multi_env_lambda.local.runtime_substitutes import machine_architecture
from multi_env_lambda.local.server import down
from multi_env_lambda.plan.ownership import stack_tags
from multi_env_lambda.testing.local_cloud import CloudTime, eventually
from tests.bad_repositories import REPOS

from .stage import ROOT, Stage, commit, git

pytestmark = [pytest.mark.local_cloud]

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
KEYS = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
CODE = """import os

import boto3


def handler(event, context):
    if "Records" in event:
        return {"read": len(event["Records"])}
    boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item={"id": event["id"]})
    return {"table": os.environ["TABLE"]}
"""
TEMPLATE = f"""Transform: AWS::Serverless-2016-10-31
Resources:
  CreateFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: {RUNTIME}
      Architectures: [{machine_architecture()}]
      CodeUri: src/
      Environment: {{Variables: {{TABLE: !Ref Orders, FILES: !Ref Files}}}}
      Policies: [{{DynamoDBCrudPolicy: {{TableName: !Ref Orders}}}}]
      Events: {{Jobs: {{Type: SQS, Properties: {{Queue: !GetAtt Incoming.Arn, Enabled: false}}}}}}
  Orders: {{Type: AWS::DynamoDB::Table, Properties: {json.dumps(KEYS)}}}
  Incoming: {{Type: AWS::SQS::Queue, Properties: {{VisibilityTimeout: 60}}}}
  Files: {{Type: AWS::S3::Bucket}}
"""
LAMBDA_MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*"], "Resource": "*"}]}


def function(**more: Any) -> dict[str, Any]:
    properties = {
        "Handler": "index.handler",
        "Runtime": RUNTIME,
        "Architectures": [machine_architecture()],
        "Code": {"ZipFile": CODE},
        "Role": {"Fn::GetAtt": ["CreateFunctionRole", "Arn"]},
        "Environment": {"Variables": {"TABLE": {"Ref": "Orders"}, "FILES": {"Fn::Sub": "${Files}"}}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **more}}


EXPANDED: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
    "Resources": {
        "CreateFunctionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": LAMBDA_MAY,
                "Policies": [{"PolicyName": "all", "PolicyDocument": ALL}],
            },
        },
        "CreateFunction": function(),
        "CreateFunctionJobs": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Incoming", "Arn"]},
                "FunctionName": {"Ref": "CreateFunction"},
                "Enabled": False,
            },
        },
        "Orders": {"Type": "AWS::DynamoDB::Table", "Properties": KEYS},
        "Incoming": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Files": {"Type": "AWS::S3::Bucket", "DependsOn": ["Orders"]},
    },
    "Outputs": {"Table": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}}},
}
"""As SAM sends it."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A workspace without units, and a project of SAM's in it."""
    root = tmp_path / "one"
    project = root / "projects" / "shop"
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text(CODE, encoding="utf-8")
    (project / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    text = (REPOS / "two_units" / "pyproject.toml").read_text(encoding="utf-8")
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "bin" / "automation", root / "bin" / "automation")
    git(root, "init", "-q")
    assert main(["adopt", str(project), "--yes"], start=root) == 0
    commit(root)
    yield Stage.at(root)
    down(root)


def made(stage: Stage, name: str, template: dict[str, Any]) -> dict[str, str]:
    """The stack of the other tool, and the names of what is in it, with data."""
    client = stage.client("sandbox", "cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    lines = client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    found = {line["LogicalResourceId"]: line["PhysicalResourceId"] for line in lines}
    stage.client("sandbox", "dynamodb").put_item(TableName=found["Orders"], Item={"id": {"S": "old"}})
    if "Incoming" in found:
        stage.client("sandbox", "sqs").send_message(QueueUrl=found["Incoming"], MessageBody="old")
    if "Files" in found:
        stage.client("sandbox", "s3").put_object(Bucket=found["Files"], Key="old", Body=b"old")
    return found


def data(stage: Stage, names: dict[str, str]) -> dict[str, Any]:
    """What is in each: items, messages, objects."""
    items = stage.client("sandbox", "dynamodb").scan(TableName=names["Orders"])["Items"]
    found: dict[str, Any] = {"items": sorted(item["id"]["S"] for item in items)}
    if "Incoming" in names:
        sqs = stage.client("sandbox", "sqs")
        count = sqs.get_queue_attributes(QueueUrl=names["Incoming"], AttributeNames=["ApproximateNumberOfMessages"])
        found["messages"] = int(count["Attributes"]["ApproximateNumberOfMessages"])
    if "Files" in names:
        listed = stage.client("sandbox", "s3").list_objects_v2(Bucket=names["Files"])
        found["objects"] = [one["Key"] for one in listed.get("Contents", ())]
    return found


WHOLE = {"items": ["old"], "messages": 1, "objects": ["old"]}


def adopt(stage: Stage, stack: str, *words: str) -> int:
    return main(["adopt", "--stack", stack, "--environment", "sandbox", *words, "--local"], start=stage.root)


def inside(stage: Stage, stack: str) -> dict[str, str]:
    lines = stage.client("sandbox", "cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    kept = [line for line in lines if line["ResourceStatus"] != "DELETE_COMPLETE"]
    return {line["LogicalResourceId"]: line["PhysicalResourceId"] for line in kept}


def tags(stage: Stage, stack: str) -> dict[str, str]:
    (found,) = stage.client("sandbox", "cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}


def as_documented(text: str) -> str:
    """The output with the ids of the page."""
    text = re.sub(r"http://[^/]+/", "https://sqs.us-east-1.amazonaws.com/", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "5b1f7c0a-0d1b-4a44-8d0a-5f4e3f6f2a10", text)
    text = re.sub(r"(shop-old-[A-Za-z]+-)[0-9A-F]{12}\b", r"\g<1>1A2B3C4D5E6F", text)
    return re.sub(r"(shop-old-[a-z]+-)[0-9a-f]{12}\b", r"\g<1>1a2b3c4d5e6f", text)


OURS = {"OrdersTable": "Orders", "IncomingQueue": "Incoming", "FilesBucket": "Files"}
"""By their logical ids in the unit's stack: those in the old one."""


@pytest.mark.parametrize("stack", ["shop-old", pytest.param("shop-sandbox", marks=pytest.mark.long)])
def test_names_and_data_of_a_stack_of_sam_are_kept_and_a_second_run_does_nothing(
    stage: Stage, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = made(stage, stack, EXPANDED)
    before = inside(stage, stack)

    assert adopt(stage, stack) == 9
    assert inside(stage, stack) == before and data(stage, names) == WHOLE
    shown = capsys.readouterr()
    assert f"AWS::DynamoDB::Table Orders ({names['Orders']}) → OrdersTable" in shown.out
    assert f"--agree take-over:{stack}" in shown.err
    if stack == "shop-old":
        page = (ROOT / "docs" / "source" / "02-How-To" / "adopt.rst").read_text(encoding="utf-8")
        lines = [line.strip() for line in page.splitlines()]
        assert [line for line in as_documented(shown.out).splitlines() if line.strip() not in lines] == []

    assert adopt(stage, stack, "--agree", f"take-over:{stack}") == 0
    assert data(stage, names) == WHOLE
    brought = inside(stage, "shop-sandbox")
    assert {name: brought[name] for name in OURS} == {name: names[old] for name, old in OURS.items()}
    assert stack_tags("5d0e8b6a2f17", "shop", "sandbox").items() <= tags(stage, "shop-sandbox").items()
    capsys.readouterr()
    assert adopt(stage, stack, "--json") == 0
    assert json.loads(capsys.readouterr().out)["steps"] == []

    commit(stage.root)
    done = stage.script("deploy", "sandbox", "--yes")
    assert done.code == 0, done.err + done.out
    assert data(stage, names) == WHOLE
    now = inside(stage, "shop-sandbox")
    assert {name: now[name] for name in OURS} == {name: names[old] for name, old in OURS.items()}
    CloudTime(stage.cloud).sleep(10)  # rights of a new role are late
    called = stage.script("invoke", "shop", "create", "sandbox", "--payload", '{"id": "new"}', "--json")
    assert names["Orders"] in called.out, called.out
    assert data(stage, names)["items"] == ["new", "old"]
    assert adopt(stage, stack, "--json") == 0
    if stack != "shop-sandbox":
        stage.client("sandbox", "cloudformation").delete_stack(StackName=stack)
        eventually(lambda: data(stage, names)["items"] == ["new", "old"])


class Killed(BaseException):
    """The process ended here."""


def killed_at(number: int) -> Any:
    """A report that ends the process at the event with this number."""
    seen: list[object] = []

    def report(event: object) -> None:
        seen.append(event)
        if len(seen) == number:
            raise Killed

    return report


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["shop-old", pytest.param("shop-sandbox", marks=pytest.mark.long)])
def test_ended_between_any_two_changes_the_same_command_goes_on(stage: Stage, stack: str) -> None:
    names = made(stage, stack, EXPANDED)
    for number in range(1, 40):
        workspace = Workspace.open(stage.root, local=True, report=killed_at(number))
        try:
            workspace.environment("sandbox").adopt_stack(stack, "shop", agree=f"take-over:{stack}")
        except Killed:
            assert data(stage, names) == WHOLE
            continue
        break

    brought = inside(stage, "shop-sandbox")
    assert number > 3 and {name: brought[name] for name in OURS} == {name: names[old] for name, old in OURS.items()}
    assert not Workspace.open(stage.root, local=True).environment("sandbox").plan_adoption(stack, "shop").steps


def test_what_cannot_be_imported_is_told_with_both_names_and_nothing_is_written(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    database = {
        "Type": "AWS::Glue::Database",
        "Properties": {"CatalogId": "222222222222", "DatabaseInput": {"Name": "ledger"}},
    }
    project = stage.root / "projects" / "shop"
    text = f"{TEMPLATE}  Ledger: {json.dumps(database)}\n".replace('"222222222222"', "!Ref AWS::AccountId")
    (project / "template.yaml").write_text(text, encoding="utf-8")
    assert main(["adopt", str(project), "--yes"], start=stage.root) == 0
    resources = {**EXPANDED["Resources"], "Ledger": database}
    names = made(stage, "shop-old", {**EXPANDED, "Resources": resources})
    table = (project / "pyproject.toml").read_bytes()
    capsys.readouterr()

    assert adopt(stage, "shop-old", "--agree", "take-over:shop-old") == 9

    said = "Ledger (AWS::Glue::Database ledger) would become Ledger of shop-sandbox, but it cannot be imported"
    assert said in capsys.readouterr().err
    template = stage.client("sandbox", "cloudformation").get_template(StackName="shop-old")["TemplateBody"]
    assert dict(template) == {**EXPANDED, "Resources": resources}
    assert data(stage, names) == WHOLE and (project / "pyproject.toml").read_bytes() == table
    with pytest.raises(Refused, match="cannot be imported"):
        Workspace.open(stage.root, local=True).environment("sandbox").adopt_stack(
            "shop-old", "shop", agree="take-over:shop-old"
        )


SERVICE = f"""service: shop
provider:
  name: aws
  runtime: {RUNTIME}
  stage: ${{opt:stage, 'sandbox'}}
  environment:
    TABLE: shop-orders-${{sls:stage}}
  iam:
    role:
      statements:
        - Effect: Allow
          Action: ['dynamodb:PutItem']
          Resource: !GetAtt Orders.Arn
functions:
  create: {{handler: src/app.handler, architecture: {machine_architecture()}}}
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      DeletionPolicy: Retain
      Properties: {json.dumps({**KEYS, "TableName": "shop-orders-NAME"})}
""".replace("shop-orders-NAME", "shop-orders-${sls:stage}")
LOG_GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/shop-sandbox-create"}}
SERVERLESS: dict[str, Any] = {
    "Resources": {
        "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket"},
        "CreateLogGroup": LOG_GROUP,
        "CreateFunctionRole": EXPANDED["Resources"]["CreateFunctionRole"],
        "CreateLambdaFunction": {
            **function(FunctionName="shop-sandbox-create", Environment={"Variables": {"TABLE": "shop-orders-sandbox"}}),
            "DependsOn": ["CreateLogGroup"],
        },
        "CreateLambdaVersionAbc": {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "CreateLambdaFunction"}},
        },
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {**KEYS, "TableName": "shop-orders-sandbox"},
        },
    },
    "Outputs": {"CreateLambdaFunctionQualifiedArn": {"Value": {"Ref": "CreateLambdaVersionAbc"}}},
}
"""As Serverless sends it."""


@pytest.mark.parametrize("stack", ["shop-sandbox", pytest.param("shop-old", marks=pytest.mark.long)])
def test_a_stack_of_serverless_keeps_the_names_of_its_functions_and_log_groups_too(stage: Stage, stack: str) -> None:
    project = stage.root / "projects" / "shop"
    shutil.rmtree(project)
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text(CODE, encoding="utf-8")
    (project / "serverless.yml").write_text(SERVICE, encoding="utf-8")
    assert main(["adopt", str(project), "--yes"], start=stage.root) == 0
    commit(stage.root)
    names = made(stage, stack, SERVERLESS)
    assert data(stage, names) == {"items": ["old"]}
    stage.client("sandbox", "s3").put_object(Bucket=names["ServerlessDeploymentBucket"], Key="code.zip", Body=b"code")

    assert adopt(stage, stack, "--agree", f"take-over:{stack}") == 0
    done = stage.script("deploy", "sandbox", "--yes")

    assert done.code == 0, done.err + done.out
    now = inside(stage, "shop-sandbox")
    assert (now["Orders"], now["CreateFunction"]) == ("shop-orders-sandbox", "shop-sandbox-create")
    assert "/aws/lambda/shop-sandbox-create" in now.values()
    assert data(stage, names) == {"items": ["old"]}
    assert stage.client("sandbox", "s3").list_objects_v2(Bucket=names["ServerlessDeploymentBucket"])["KeyCount"] == 1
    CloudTime(stage.cloud).sleep(10)
    called = stage.script("invoke", "shop", "create", "sandbox", "--payload", '{"id": "new"}', "--json")
    assert "shop-orders-sandbox" in called.out, called.out
    assert adopt(stage, stack) == 0
