"""The settings of a bucket are read back as S3 says them, and refused where S3 refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.bucket_setup import create_artifact_bucket, missing_settings
from multi_env_lambda.errors import PublishError
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.seed import _make_bucket
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


def test_a_write_may_ask_that_nothing_is_there_and_not_that_something_else_is(s3: Any) -> None:
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=NAME, Key="one", Body=b"1", IfNoneMatch='"00000000000000000000000000000000"')

    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (501, "NotImplemented")


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


@pytest.fixture
def ready(s3: Any, local_config: WorkspaceConfig) -> Iterator[Any]:
    """A bucket that is set up, with a record and an artifact in it; emptied afterwards."""
    create_artifact_bucket(s3, devops(local_config), READERS)
    for key in ("environments/prod/record.json", "projects/a/wheel.whl"):
        s3.put_object(Bucket=NAME, Key=key, Body=b"x", IfNoneMatch="*")
    yield s3
    s3.delete_bucket_policy(Bucket=NAME)
    found = s3.list_object_versions(Bucket=NAME)
    for item in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        s3.delete_object(Bucket=NAME, Key=item["Key"], VersionId=item["VersionId"])


def refusal(s3: Any, config: WorkspaceConfig) -> str:
    with pytest.raises(PublishError) as caught:
        create_artifact_bucket(s3, devops(config), READERS)
    assert missing_settings(s3, devops(config), READERS) == ()
    return caught.value.what


def test_a_rule_of_others_removes_what_is_current_and_bootstrap_refuses_it(
    ready: Any, local_config: WorkspaceConfig
) -> None:
    ended = {"ID": "tidy", "Filter": {"Prefix": "projects/"}, "Status": "Enabled", "Expiration": {"Date": "2020-01-01"}}
    put_rules(ready, *rules(ready), ended)

    assert [item["Key"] for item in ready.list_objects_v2(Bucket=NAME)["Contents"]] == ["environments/prod/record.json"]
    assert "`tidy` removes current artifacts on 2020-01-01" in refusal(ready, local_config)


def test_a_statement_of_others_denies_our_writes_and_bootstrap_refuses_it(
    ready: Any, local_config: WorkspaceConfig
) -> None:
    found = json.loads(ready.get_bucket_policy(Bucket=NAME)["Policy"])
    key = "s3:x-amz-server-side-encryption"
    theirs = {"Sid": "Encrypt", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    theirs |= {"Resource": f"arn:aws:s3:::{NAME}/*", "Condition": {"StringNotEquals": {key: "aws:kms"}}}
    document = {**found, "Statement": [*found["Statement"], theirs]}
    ready.put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))

    with pytest.raises(ClientError, match="AccessDenied"):
        ready.put_object(Bucket=NAME, Key="projects/a/new", Body=b"x", IfNoneMatch="*")
    assert f"`Encrypt` asks for {key}" in refusal(ready, local_config)


def test_a_role_of_others_that_was_deleted_stops_the_set_up_with_the_name_of_the_statement(
    s3: Any, local_cloud: LocalCloud, local_config: WorkspaceConfig
) -> None:
    iam = client_of(local_cloud, local_config.devops, "iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="of-others", AssumeRolePolicyDocument=trust)["Role"]
    theirs = {"Sid": "Logs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{NAME}/logs/*"}
    document = {"Version": "2012-10-17", "Statement": [{**theirs, "Principal": {"AWS": role["Arn"]}}]}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))
    iam.delete_role(RoleName="of-others")

    with pytest.raises(PublishError, match=f"in the statement `Logs` \\({role['RoleId']}\\)"):
        create_artifact_bucket(s3, devops(local_config), READERS)
    _make_bucket(s3, devops(local_config), local_config)  # the cloud comes up all the same
