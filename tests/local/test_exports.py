"""What a stack exports and another imports stays as it is, and has its name alone: as in CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

MAKER, USER = "exports-maker-sandbox", "exports-user-sandbox"
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "orders"}}}


@pytest.fixture
def stacks(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Iterator[Any]:
    client = client_of(local_cloud, local_config.environment("sandbox"), "cloudformation")
    client.create_stack(StackName=MAKER, TemplateBody=making("one"))
    client.create_stack(StackName=USER, TemplateBody=using("exports-value"))
    yield client
    for name in (USER, MAKER):
        client.delete_stack(StackName=name)


def making(value: str | None) -> str:
    output = {"Value": value, "Export": {"Name": "exports-value"}}
    return json.dumps({"Resources": TOPIC, "Outputs": {} if value is None else {"Value": output}})


def using(name: str) -> str:
    named = {"DisplayName": {"Fn::ImportValue": name}}
    return json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": named}}})


def updated(stacks: Any, name: str, template: str) -> str:
    """The reason of its end, which is empty where it ended well."""
    stacks.update_stack(StackName=name, TemplateBody=template)
    try:
        stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    except WaiterError:
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        said = [f"{item['ResourceStatus']}: {item['ResourceStatusReason']}" for item in events if "Export" in str(item)]
        return "\n".join(said)
    return ""


@pytest.mark.parametrize(("value", "done"), [("two", "updated"), (None, "deleted")])
def test_an_export_that_is_imported_is_neither_changed_nor_taken_away(
    stacks: Any, value: str | None, done: str
) -> None:
    reason = f"Export exports-value cannot be {done} as it is in use by {USER}"
    assert updated(stacks, MAKER, making(value)) == f"UPDATE_ROLLBACK_IN_PROGRESS: {reason}"

    (export,) = [item for item in stacks.list_exports()["Exports"] if item["Name"] == "exports-value"]
    assert export["Value"] == "one"
    assert stacks.describe_stacks(StackName=MAKER)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_an_export_that_nobody_imports_any_more_may_change_and_go(stacks: Any) -> None:
    stacks.delete_stack(StackName=USER)

    assert updated(stacks, MAKER, making("two")) == ""
    assert updated(stacks, MAKER, json.dumps({"Resources": TOPIC})) == ""

    assert "exports-value" not in [item["Name"] for item in stacks.list_exports()["Exports"]]


def test_a_name_is_exported_by_one_stack_only(stacks: Any) -> None:
    stacks.create_stack(StackName=USER + "-2", TemplateBody=making("three"))
    with pytest.raises(WaiterError):
        stacks.get_waiter("stack_create_complete").wait(StackName=USER + "-2", WaiterConfig={"Delay": 0.1})
    events = stacks.describe_stack_events(StackName=USER + "-2")["StackEvents"]
    stacks.delete_stack(StackName=USER + "-2")

    assert any("Export with name exports-value is already exported by stack" in str(item) for item in events)


def test_a_stack_whose_export_is_imported_is_not_deleted(stacks: Any) -> None:
    with pytest.raises(ClientError, match="Export exports-value is imported by stack"):
        stacks.delete_stack(StackName=MAKER)
