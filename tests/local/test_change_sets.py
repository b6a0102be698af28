"""CloudFormation as observing and adopting rely on it: listings, tags, what was executed, imports."""

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
from tests.rules import EVERY_RULE, cloud_keeping

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One that describes a stack as it is."""
    rules = [rule for rule in EVERY_RULE if rule != STALE_READS]
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config, *rules) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def staging(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return client_of(local_cloud, local_config.environment("staging"), "cloudformation")


def template(**queues: dict[str, Any]) -> str:
    return json.dumps(
        {
            "Parameters": {"Name": {"Type": "String", "Default": "change-sets"}},
            "Resources": {
                "Kept": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Name"}}},
                **queues,
            },
        }
    )


def execute(client: Any, stack: str, name: str, kind: str, **more: Any) -> str:
    arn: str = client.create_change_set(StackName=stack, ChangeSetName=name, ChangeSetType=kind, **more)["Id"]
    client.execute_change_set(ChangeSetName=arn)
    return arn


def test_a_stack_tells_the_change_set_that_was_executed_last(staging: Any) -> None:
    given = [{"ParameterKey": "Name", "ParameterValue": "one"}]
    first = execute(staging, "executed", "first", "CREATE", TemplateBody=template(), Parameters=given)
    assert staging.describe_stacks(StackName="executed")["Stacks"][0]["ChangeSetId"] == first
    given = [{"ParameterKey": "Name", "ParameterValue": "two"}]
    second = execute(staging, "executed", "second", "UPDATE", UsePreviousTemplate=True, Parameters=given)
    found = staging.describe_stacks(StackName="executed")["Stacks"][0]
    assert (found["ChangeSetId"], found["StackStatus"]) == (second, "UPDATE_COMPLETE")
    assert found["Parameters"] == [{"ParameterKey": "Name", "ParameterValue": "two"}]
    assert staging.describe_change_set(ChangeSetName=second)["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_a_parameter_without_a_value_before_cannot_use_it(staging: Any) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        staging.create_change_set(
            StackName="no-previous",
            ChangeSetName="first",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(
                {
                    "Parameters": {"Name": {"Type": "String"}},
                    "Resources": json.loads(template())["Resources"],
                }
            ),
            Parameters=[{"ParameterKey": "Name", "UsePreviousValue": True}],
        )


def test_all_stacks_are_listed_with_tags_and_paged(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    client = client_of(local_cloud, local_config.environment("test"), "cloudformation")
    for number in range(120):
        tags = [{"Key": "unit", "Value": f"u{number}"}]
        client.create_stack(StackName=f"paged-{number}", TemplateBody=template(), Tags=tags)
    first = client.describe_stacks()
    assert "NextToken" in first and len(first["Stacks"]) <= 100
    pages = client.get_paginator("describe_stacks").paginate()
    tagged = {s["StackName"]: s["Tags"] for page in pages for s in page["Stacks"] if s["StackName"][:6] == "paged-"}
    assert tagged == {f"paged-{n}": [{"Key": "unit", "Value": f"u{n}"}] for n in range(120)}


def test_the_resources_and_the_template_of_a_stack_can_be_read(staging: Any) -> None:
    staging.create_stack(StackName="read", TemplateBody=template())
    listed = staging.list_stack_resources(StackName="read")["StackResourceSummaries"]
    assert [(r["LogicalResourceId"], r["ResourceType"]) for r in listed] == [("Kept", "AWS::SSM::Parameter")]
    assert listed[0]["PhysicalResourceId"]
    for stage in ("Original", "Processed"):
        body = staging.get_template(StackName="read", TemplateStage=stage)["TemplateBody"]
        assert body == json.loads(template())


BUCKET = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "change-sets-imported"}}
GROUP = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"LogGroupName": "/imported"}}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "Properties": {
        "TableName": "imported",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}
QUEUE = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "imported"}}


@pytest.mark.parametrize(
    ("kind", "resource"), [("bucket", BUCKET), ("group", GROUP), ("table", TABLE), ("queue", QUEUE)]
)
def test_what_a_deleted_stack_left_is_imported_by_its_physical_id(
    staging: Any, kind: str, resource: dict[str, Any]
) -> None:
    name = f"import-{kind}"
    execute(staging, name, "first", "CREATE", TemplateBody=template(Own=resource))
    left = staging.describe_stack_resource(StackName=name, LogicalResourceId="Own")["StackResourceDetail"]
    execute(staging, name, "removed", "UPDATE", TemplateBody=template())
    key = {"bucket": "BucketName", "group": "LogGroupName", "table": "TableName", "queue": "QueueUrl"}[kind]
    wanted = {
        "ResourceType": resource["Type"],
        "LogicalResourceId": "Own",
        "ResourceIdentifier": {key: left["PhysicalResourceId"]},
    }
    arn = execute(staging, name, "back", "IMPORT", TemplateBody=template(Own=resource), ResourcesToImport=[wanted])
    found = staging.describe_stacks(StackName=name)["Stacks"][0]
    assert (found["StackStatus"], found["ChangeSetId"]) == ("IMPORT_COMPLETE", arn)
    again = staging.describe_stack_resource(StackName=name, LogicalResourceId="Own")["StackResourceDetail"]
    assert again["PhysicalResourceId"] == left["PhysicalResourceId"]


def test_an_import_of_what_does_not_exist_is_a_failed_change_set(staging: Any) -> None:
    staging.create_stack(StackName="import-nothing", TemplateBody=template())
    absent = {**BUCKET, "Properties": {"BucketName": "change-sets-absent"}}
    wanted = {
        "ResourceType": "AWS::S3::Bucket",
        "LogicalResourceId": "Own",
        "ResourceIdentifier": {"BucketName": "change-sets-absent"},
    }
    made = staging.create_change_set(
        StackName="import-nothing",
        ChangeSetName="back",
        ChangeSetType="IMPORT",
        TemplateBody=template(Own=absent),
        ResourcesToImport=[wanted],
    )
    found = staging.describe_change_set(ChangeSetName=made["Id"])
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")


def test_an_existing_resource_with_a_name_of_its_own_is_imported_on_the_way(staging: Any) -> None:
    existing = {**BUCKET, "Properties": {"BucketName": "change-sets-on-the-way"}}
    execute(staging, "on-the-way", "first", "CREATE", TemplateBody=template(Own=existing))
    staging.delete_stack(StackName="on-the-way")
    body = template(Own=existing)
    execute(staging, "on-the-way", "again", "CREATE", TemplateBody=body, ImportExistingResources=True)
    assert staging.describe_stacks(StackName="on-the-way")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
