"""A stack that was just changed is described as it was before, until the clock is moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import CloudTime, client_of
from tests.rules import cloud_keeping

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    with cloud_keeping(tmp_path_factory.mktemp("stale"), local_config, "stale-reads") as found:
        yield found


@pytest.fixture
def cloudformation(cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return client_of(cloud, local_config.environment("test"), "cloudformation")


def change_set(client: Any, name: str, kind: str, topic: str) -> str:
    resources = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": topic}}}
    body = json.dumps({"Resources": resources})
    made = client.create_change_set(StackName=name, ChangeSetName=topic, ChangeSetType=kind, TemplateBody=body)
    return str(made["Id"])


def status(client: Any, stack: str) -> str:
    return str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def test_after_an_execution_the_stack_is_under_review_for_a_moment(cloudformation: Any, cloud: LocalCloud) -> None:
    made = change_set(cloudformation, "stale", "CREATE", "one")
    stack_id = cloudformation.describe_stacks(StackName="stale")["Stacks"][0]["StackId"]
    cloudformation.execute_change_set(ChangeSetName=made)

    assert (status(cloudformation, "stale"), status(cloudformation, stack_id)) == ("REVIEW_IN_PROGRESS",) * 2
    CloudTime(cloud).sleep(1)
    assert (status(cloudformation, "stale"), status(cloudformation, stack_id)) == ("CREATE_COMPLETE",) * 2

    cloudformation.execute_change_set(
        StackName="stale", ChangeSetName=change_set(cloudformation, stack_id, "UPDATE", "two")
    )
    assert status(cloudformation, stack_id) == "CREATE_COMPLETE"
    CloudTime(cloud).sleep(1)
    assert status(cloudformation, stack_id) == "UPDATE_COMPLETE"


def test_a_stack_that_was_just_deleted_seems_to_be_there(cloudformation: Any, cloud: LocalCloud) -> None:
    cloudformation.execute_change_set(ChangeSetName=change_set(cloudformation, "going", "CREATE", "go"))
    CloudTime(cloud).sleep(1)
    cloudformation.delete_stack(StackName="going")

    assert status(cloudformation, "going") == "CREATE_COMPLETE"
    CloudTime(cloud).sleep(1)
    with pytest.raises(cloudformation.exceptions.ClientError, match="does not exist"):
        status(cloudformation, "going")
