"""Accounts follow the configuration, whatever it shares between environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from botocore.exceptions import ClientError

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
