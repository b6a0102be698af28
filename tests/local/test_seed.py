"""Accounts follow the configuration, whatever it shares between environments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

SHARED = WorkspaceConfig(
    devops=Devops(account_id="111111111111", region="eu-central-1", bucket="seed-artifacts"),
    environments=(
        Environment(name="sandbox", account_id="111111111111", region="eu-central-1"),
        Environment(name="prod", account_id="222222222222", region="eu-west-1", role_name="deployer", position=1),
    ),
)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    down(tmp_path)


def test_an_account_may_be_shared_and_a_region_may_differ(root: Path) -> None:
    cloud = ensure_running(root, SHARED)
    prod = client_of(cloud, SHARED.environment("prod"), "sts").get_caller_identity()["Arn"]
    assert prod.startswith("arn:aws:sts::222222222222:assumed-role/deployer/")
    s3 = client_of(cloud, SHARED.environment("sandbox"), "s3")
    assert s3.get_bucket_location(Bucket="seed-artifacts")["LocationConstraint"] == "eu-central-1"


def test_a_new_environment_is_there_at_the_next_command(root: Path) -> None:
    new = Environment(name="audit", account_id="333333333333", region="eu-central-1", position=2)
    more = attrs.evolve(SHARED, environments=(*SHARED.environments, new))
    cloud = ensure_running(root, SHARED)
    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(cloud, new, "sts")
    assert ensure_running(root, more) == cloud
    assert client_of(cloud, new, "sts").get_caller_identity()["Account"] == "333333333333"


def test_the_accounts_of_the_chain_cannot_reach_each_other(root: Path) -> None:
    cloud = ensure_running(root, SHARED)
    prod = client_of(cloud, SHARED.environment("prod"), "sts")
    with pytest.raises(ClientError, match="AccessDenied"):
        prod.assume_role(RoleArn=SHARED.devops.role_arn, RoleSessionName="upstream")


def test_the_organisations_role_trusts_the_management_account_only_and_people_work_there(root: Path) -> None:
    mixed = ensure_running(root, SHARED)
    base = user_of(mixed)
    assert base.get_caller_identity()["Arn"] == "arn:aws:iam::999999999999:user/local-developer"

    own = attrs.evolve(SHARED.devops, role_name="artifacts")
    roles = attrs.evolve(SHARED, devops=own, environments=tuple(with_role(item) for item in SHARED.environments))
    there = ensure_running(root, roles)
    assert user_of(there).get_caller_identity()["Account"] == own.account_id
    assert client_of(there, own, "sts").get_caller_identity()["Account"] == own.account_id
    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(there, SHARED.environment("sandbox"), "sts")  # the organisation's role, from the devops account


def test_own_credentials_are_of_the_account_that_they_are_for(root: Path) -> None:
    own = attrs.evolve(SHARED.devops, role_name="")
    config = attrs.evolve(SHARED, devops=own, environments=tuple(with_role(item) for item in SHARED.environments))
    cloud = ensure_running(root, config)

    assert user_of(cloud).get_caller_identity()["Account"] == own.account_id
    assert user_of(cloud, "s3").head_bucket(Bucket=own.bucket)
    assert client_of(cloud, config.environment("prod"), "sts").get_caller_identity()["Account"] == "222222222222"

    mixed = attrs.evolve(SHARED, devops=own)
    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(ensure_running(root, mixed), SHARED.environment("sandbox"), "sts")  # trusts management alone


def test_a_role_that_somebody_made_or_changed_survives_the_next_start(root: Path) -> None:
    cloud = ensure_running(root, SHARED)
    iam = client_of(cloud, SHARED.environment("prod"), "iam")
    principal = {"AWS": "arn:aws:iam::999999999999:root"}
    condition = {"StringEquals": {"sts:ExternalId": "ours"}}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=json.dumps(document))
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps(document))
    down(root)

    mine = attrs.evolve(SHARED.environment("prod"), name="audit", role_name="mine", position=2)
    again = ensure_running(root, attrs.evolve(SHARED, environments=(*SHARED.environments, mine)))

    for name in ("deployer", "mine"):
        with pytest.raises(ClientError, match="AccessDenied"):
            keys(again, name, "theirs")
    assert keys(again, "deployer", "ours").get_caller_identity()["Account"] == mine.account_id
    with pytest.raises(ClientError, match="AccessDenied"):
        keys(again, "mine", "ours", "iam").list_roles()  # nobody gave it rights, and the seed does not


def keys(cloud: LocalCloud, role: str, external_id: str, service: str = "sts") -> Any:
    """A client as a role of the account of prod."""
    arn = f"arn:aws:iam::222222222222:role/{role}"
    answer = user_of(cloud).assume_role(RoleArn=arn, RoleSessionName="test", ExternalId=external_id)["Credentials"]
    return boto3.client(
        service,
        region_name=cloud.region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )


def with_role(environment: Environment) -> Environment:
    return attrs.evolve(environment, role_name="deployer")


def user_of(cloud: LocalCloud, service: str = "sts") -> Any:
    return boto3.client(
        service,
        region_name=cloud.region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
    )


def test_a_role_of_ones_own_takes_what_the_table_says_and_the_organisations_takes_no_name(root: Path) -> None:
    prod = attrs.evolve(SHARED.environment("prod"), external_id="acme-7", source_identity="ada")
    cloud = ensure_running(root, attrs.evolve(SHARED, environments=(SHARED.environment("sandbox"), prod)))
    sts = user_of(cloud)

    own = {"RoleArn": prod.role_arn, "RoleSessionName": "ada", "SourceIdentity": "ada"}
    assert sts.assume_role(**own, ExternalId="acme-7")["SourceIdentity"] == "ada"
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        sts.assume_role(**own)
    organisations = {**own, "RoleArn": SHARED.environment("sandbox").role_arn}
    with pytest.raises(ClientError, match="not authorized to perform: sts:SetSourceIdentity"):
        sts.assume_role(**organisations)
