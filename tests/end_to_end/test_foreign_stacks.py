"""Stacks that somebody else made, with commands and accounts: data stays, and it is said whose it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.local.server import down
from multi_env_lambda.plan.ownership import stack_tags
from multi_env_lambda.testing.local_cloud import eventually
from tests.bad_repositories import copy_of

from .stage import ROOT, Done, Stage, commit, runs_here

pytestmark = pytest.mark.local_cloud

OURS = "5d0e8b6a2f17"
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


def repository(folder: Path) -> Path:
    root = copy_of(folder)
    shutil.copytree(ROOT / "bin" / "automation", root / "bin" / "automation")
    runs_here(root)
    commit(root)
    return root


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """`orders` needs `customers`. Nothing is deployed yet."""
    root = repository(tmp_path / "one")
    yield Stage.at(root)
    down(root)


def with_a_table(stage: Stage) -> None:
    """Somebody makes a stack with a table under the name that `customers` has in sandbox, and writes into it."""
    body = json.dumps({"Resources": {"Ledger": TABLE}})
    stage.client("sandbox", "cloudformation").create_stack(StackName="customers-sandbox", TemplateBody=body)
    stage.client("sandbox", "dynamodb").put_item(TableName="ledger", Item={"id": {"S": "1"}})


def stack(stage: Stage) -> Any:
    (found,) = stage.client("sandbox", "cloudformation").describe_stacks(StackName="customers-sandbox")["Stacks"]
    return found


def tags(stage: Stage) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack(stage).get("Tags", ())}


def items(stage: Stage) -> list[Any]:
    client = stage.client("sandbox", "dynamodb")
    return client.scan(TableName="ledger")["Items"] if "ledger" in client.list_tables()["TableNames"] else []


def deploy(stage: Stage, *words: str, **more: Any) -> Done:
    return stage.script("deploy", "sandbox", "--only", "customers", "--yes", *words, **more)


def test_a_stack_with_a_table_is_named_refused_and_taken_over_by_consent_only(stage: Stage) -> None:
    with_a_table(stage)

    plan = stage.script("plan", "sandbox", "--only", "customers")
    refused = deploy(stage)

    assert "AWS::DynamoDB::Table Ledger (ledger) would be deleted, with the data in it" in plan.out
    assert "--agree take-over:customers-sandbox" in plan.out
    assert (refused.code, items(stage), tags(stage)) == (9, [{"id": {"S": "1"}}], {})

    agreed = deploy(stage, "--agree", "take-over:customers-sandbox")
    assert (agreed.code, items(stage)) == (0, [])
    # What is said of a stack under its name may be a moment old.
    eventually(lambda: tags(stage) == stack_tags(OURS, "customers", "sandbox"))
    assert deploy(stage, "--force").code == 0


def test_two_workspaces_with_one_unit_name_in_one_account_do_not_meet(stage: Stage, tmp_path: Path) -> None:
    assert deploy(stage).code == 0
    before = stack(stage)
    root = repository(tmp_path / "two")
    settings = root / "pyproject.toml"
    text = settings.read_text(encoding="utf-8").replace(OURS, "theirs").replace("acme-artifacts", "other-artifacts")
    settings.write_text(text, encoding="utf-8")
    other = Stage(root, stage.cloud)
    outside: dict[str, Any] = {"local": False, "env": stage.credentials()}

    assert other.script("bootstrap", **outside).code == 0
    written = stage.client("devops", "s3").get_object(
        Bucket=text.split('bucket = "')[1].split('"')[0], Key="workspace.json"
    )
    assert json.loads(written["Body"].read()) == {"format": 2, "id": "theirs"}
    refused = deploy(other, **outside)

    assert refused.code == 9
    assert f"it belongs to workspace {OURS}, unit customers, environment sandbox" in refused.err
    assert stack(stage) == before
    assert deploy(stage, "--json").outcomes() == {("sandbox", "customers"): "unchanged"}


def test_a_workspace_of_0_1_1_is_ours_without_a_question_and_has_three_tags_afterwards(stage: Stage) -> None:
    assert deploy(stage).code == 0
    as_0_1_1_left_it(stage)
    module = stage.root / "projects" / "customers" / "customers" / "lookup.py"
    module.write_text(module.read_text(encoding="utf-8") + "\nMORE = True\n", encoding="utf-8")

    done = deploy(stage)

    assert (done.code, tags(stage)) == (0, stack_tags(OURS, "customers", "sandbox"))


def as_0_1_1_left_it(stage: Stage) -> None:
    """Two tags, a record of format 1, and no word about a workspace in the bucket."""
    two = [{"Key": key, "Value": value} for key, value in stack_tags("", "customers", "sandbox").items()]
    client = stage.client("sandbox", "cloudformation")
    client.update_stack(
        StackName="customers-sandbox",
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in stack(stage)["Parameters"]
        ],
        Tags=two,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    client.get_waiter("stack_update_complete").wait(StackName="customers-sandbox", WaiterConfig={"Delay": 1})
    assert tags(stage) == stack_tags("", "customers", "sandbox")
    bucket, s3 = stage.config.devops.bucket, stage.client("devops", "s3")
    key = "environments/sandbox/current/customers.json"
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    del record["workspace"]
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({**record, "format": 1}).encode())
    s3.delete_object(Bucket=bucket, Key="workspace.json")


def test_destroy_leaves_a_foreign_stack_alone(stage: Stage) -> None:
    assert deploy(stage).code == 0
    client = stage.client("sandbox", "cloudformation")
    client.delete_stack(StackName="customers-sandbox")
    client.get_waiter("stack_delete_complete").wait(StackName="customers-sandbox", WaiterConfig={"Delay": 1})
    with_a_table(stage)

    refused = stage.script("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")

    assert (refused.code, items(stage)) == (9, [{"id": {"S": "1"}}])
    assert "it has no tag of this tool" in refused.err
