"""The settings of a bucket are read back as S3 says them, and refused where S3 refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.bucket_setup import create_artifact_bucket, missing_settings
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

NAME = "settings-of-a-bucket"
OLD = {"ID": "old", "Prefix": "exports/", "Status": "Enabled", "Expiration": {"Days": 400}}
NEW = {"ID": "new", "Filter": {"Prefix": "logs/"}, "Status": "Enabled", "Expiration": {"Days": 7}}
READERS = ["222222222222", "333333333333"]


@pytest.fixture
def s3(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Iterator[Any]:
    client = client_of(local_cloud, local_config.devops, "s3")
    client.create_bucket(Bucket=NAME)
    yield client
    client.delete_bucket(Bucket=NAME)


def devops(config: WorkspaceConfig) -> Devops:
    return Devops(account_id=config.devops.account_id, region=config.devops.region, bucket=NAME)


def put_rules(s3: Any, *rules: dict[str, Any]) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": list(rules)})


def rules(s3: Any) -> list[Any]:
    return list(s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"])


def test_rules_of_both_kinds_are_refused_and_those_of_one_come_back_as_they_were(s3: Any) -> None:
    with pytest.raises(ClientError, match="InvalidRequest.* Filter element can only be used in Lifecycle V2"):
        put_rules(s3, OLD, NEW)
    for one in (OLD, NEW):
        put_rules(s3, one)
        assert rules(s3) == [one]


def test_a_policy_comes_back_in_other_words_and_means_the_same(s3: Any) -> None:
    readers = {"AWS": [f"arn:aws:iam::{account}:root" for account in READERS]}
    statement = {"Sid": "a", "Effect": "Allow", "Principal": readers, "Action": ["s3:GetObject"]}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{NAME}/*"}]}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))

    (found,) = json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])["Statement"]
    assert found["Action"] == "s3:GetObject"
    assert found["Principal"]["AWS"] == readers["AWS"][::-1]


def test_a_bucket_with_a_rule_of_the_old_kind_is_set_up_once(s3: Any, local_config: WorkspaceConfig) -> None:
    put_rules(s3, OLD)

    assert create_artifact_bucket(s3, devops(local_config), READERS)
    assert missing_settings(s3, devops(local_config), READERS) == ()
    assert {rule["ID"]: rule["Filter"] for rule in rules(s3)}["old"] == {"Prefix": "exports/"}
