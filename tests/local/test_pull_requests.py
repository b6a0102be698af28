"""CodeCommit has no pull requests on the local cloud, and says so to whoever may ask about the repository."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud


def acting_with(cloud: LocalCloud, config: WorkspaceConfig, name: str, resource: str) -> Any:
    """A client of CodeCommit as a new role, which may do everything there with one resource."""
    iam, sts = (client_of(cloud, config.environments[0], service) for service in ("iam", "sts"))
    account = config.environments[0].account_id
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "codecommit:*", "Resource": resource}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document(may))
    keys = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="ada")["Credentials"]
    return boto3.client(
        "codecommit",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return str(caught.value.response["Error"]["Code"])


def test_there_is_none_and_nobody_comments(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    arn = f"arn:aws:codecommit:us-east-1:{local_config.environments[0].account_id}:units"
    client = acting_with(local_cloud, local_config, "reads-units", arn)

    assert client.list_pull_requests(repositoryName="units")["pullRequestIds"] == []
    missing = code_of(client.get_comments_for_pull_request, pullRequestId="7", repositoryName="units")
    assert missing == "PullRequestDoesNotExistException"


def test_another_repository_is_another_resource(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    arn = f"arn:aws:codecommit:us-east-1:{local_config.environments[0].account_id}:units"
    client = acting_with(local_cloud, local_config, "reads-units-alone", arn)

    assert "AccessDenied" in code_of(client.list_pull_requests, repositoryName="others")


def test_what_needs_a_repository_is_refused(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    client = acting_with(local_cloud, local_config, "may-everything", "*")

    assert code_of(client.get_pull_request, pullRequestId="7") == "PullRequestDoesNotExistException"
    assert code_of(client.update_comment, commentId="7", content="x") == "CommentDoesNotExistException"
    assert code_of(client.create_repository, repositoryName="units") == "InvalidActionException"
