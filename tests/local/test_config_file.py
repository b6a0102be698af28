"""The config file alone is the way in: plain boto3 reaches the local accounts, and only as the roles allow."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import DEVELOPER, LocalCloud, places
from multi_env_lambda.local.config_file import EXPIRATION, environment_variables
from multi_env_lambda.local.seed import home_of
from multi_env_lambda.local.server import ensure_running
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud


def test_plain_boto3_is_the_developer(local_environment: LocalCloud, local_config: WorkspaceConfig) -> None:
    identity = boto3.Session().client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{home_of(local_config)}:user/{DEVELOPER}"


@pytest.mark.parametrize("service", ["s3", "cloudformation", "iam"])
def test_the_developer_may_do_nothing_but_assume_roles(local_environment: LocalCloud, service: str) -> None:
    read = {"s3": "list_buckets", "cloudformation": "list_stacks", "iam": "list_users"}[service]
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(boto3.Session().client(service), read)()


def test_there_is_a_profile_per_environment(local_environment: LocalCloud, local_config: WorkspaceConfig) -> None:
    for place in places(local_config):
        client = boto3.Session(profile_name=place.name).client("cloudformation")
        assert client.list_stacks()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_environment_reads_artifacts_and_cannot_write_them(
    local_environment: LocalCloud, local_config: WorkspaceConfig
) -> None:
    bucket, key = local_config.devops.bucket, "projects/config-file/artifact"
    boto3.Session(profile_name="devops").client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    prod = boto3.Session(profile_name="prod").client("s3")
    assert prod.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        prod.put_object(Bucket=bucket, Key=key, Body=b"y")


def test_no_real_credentials_get_in(local_cloud: LocalCloud) -> None:
    users = {
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_ENDPOINT_URL_S3": "https://real",
        "AWS_REGION": "eu-west-1",
        "HOME": "/h",
    }
    wanted = environment_variables(local_cloud, users)
    assert wanted["HOME"] == "/h"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_S3", "AWS_REGION"} & set(wanted)


def test_the_end_of_a_session_can_be_rehearsed_and_no_real_one_gets_in(local_cloud: LocalCloud) -> None:
    real = {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
    assert "AWS_CREDENTIAL_EXPIRATION" not in environment_variables(local_cloud, real)
    rehearsed = environment_variables(local_cloud, {**real, EXPIRATION: "2030-01-01T00:00:00Z"})
    assert rehearsed["AWS_CREDENTIAL_EXPIRATION"] == "2030-01-01T00:00:00Z"


def test_a_proxy_of_the_user_is_not_asked_for_this_machine(local_cloud: LocalCloud) -> None:
    wanted = environment_variables(local_cloud, {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "example.org"})
    assert wanted["NO_PROXY"] == wanted["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_another_user_is_another_person_with_the_same_roles(
    local_environment: LocalCloud, local_config: WorkspaceConfig
) -> None:
    root = local_environment.folder.parent.parent
    grace = ensure_running(root, local_config, user="grace")

    session = boto3.Session(profile_name=environment_variables(grace, {})["AWS_PROFILE"])
    assert session.client("sts").get_caller_identity()["Arn"].endswith(":user/grace")
    assert client_of(grace, local_config.environment("prod"), "sts").get_caller_identity()["Account"] == "5" * 12
    assert boto3.Session().client("sts").get_caller_identity()["Arn"].endswith(f":user/{DEVELOPER}")
