"""A deleted stack is found by its id, and no longer by its name, as on AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

NAME = "deleted-once"
BODY = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


@pytest.fixture(scope="module")
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return client_of(local_cloud, local_config.environment("sandbox"), "cloudformation")


@pytest.fixture(scope="module")
def deleted(client: Any) -> str:
    """The id of a stack that is gone."""
    stack_id = client.create_stack(StackName=NAME, TemplateBody=BODY)["StackId"]
    client.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 0, "MaxAttempts": 500})
    client.delete_stack(StackName=NAME)
    client.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig={"Delay": 0, "MaxAttempts": 500})
    return str(stack_id)


@pytest.mark.parametrize(
    "call",
    [
        "describe_stack_events",
        "describe_stack_resources",
        "describe_stacks",
        "get_template",
        "list_stack_resources",
    ],
)
def test_by_its_id_it_is_there_and_by_its_name_it_is_not(client: Any, deleted: str, call: str) -> None:
    getattr(client, call)(StackName=deleted)

    with pytest.raises(ClientError, match="does not exist"):
        getattr(client, call)(StackName=NAME)
