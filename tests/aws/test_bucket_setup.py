"""The artifact bucket is set up once; what others have set stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError
from inline_snapshot import snapshot
from moto import mock_aws

from multi_env_lambda.aws.bucket_setup import create_artifact_bucket, missing_settings
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.environment import Devops
from tests.tools.faulty_client import FaultyClient

pytestmark = pytest.mark.story

OWNER, READERS = "123456789012", ["222222222222", "333333333333"]
NAME = "fresh-bucket"
DEVOPS = Devops(account_id=OWNER, region="us-east-1", bucket=NAME)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


def policy(s3: Any) -> list[dict[str, Any]]:
    return json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])["Statement"]  # type: ignore[no-any-return]


def rules(s3: Any) -> dict[str, Any]:
    return {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]}


class Writes:
    """A client that remembers which changing calls it was asked for."""

    def __init__(self, client: Any) -> None:
        self.client, self.calls = client, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("put_", "create_", "delete_")):
            self.calls.append(name)
        return getattr(self.client, name)


def test_a_bucket_is_made_with_all_that_it_needs(s3: Any) -> None:
    assert create_artifact_bucket(s3, DEVOPS, READERS) == snapshot(
        (
            "created in us-east-1",
            "public access is blocked",
            "versions of objects are kept; S3 needs up to 15 minutes to do so everywhere, so wait that long "
            "before the first deploy (until then, an object that was just published may not be found)",
            "its policy lets the environments read",
            "old versions and what `prune` deletes expire after 30 days",
        )
    )
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"].values()) == {True}
    assert [statement["Sid"] for statement in policy(s3)] == ["MultiEnvLambdaTlsOnly", "MultiEnvLambdaReaders"]


def test_a_second_run_writes_nothing_and_says_so(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)

    again = Writes(s3)
    assert create_artifact_bucket(again, DEVOPS, READERS) == ()
    assert again.calls == []


def test_statements_of_others_survive_word_by_word(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS[:1])
    theirs = {"Sid": "SecurityTeam", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}
    theirs["Resource"] = f"arn:aws:s3:::{NAME}"
    nameless = {**theirs, "Action": "s3:PutBucketPolicy"}
    del nameless["Sid"]
    document = {"Version": "2012-10-17", "Id": "theirs", "Statement": [theirs, *policy(s3), nameless]}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))

    assert create_artifact_bucket(s3, DEVOPS, READERS) == snapshot(
        ("its policy lets the environments read, and keeps 2 statements of others",)
    )
    found = json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"])
    assert found["Id"] == "theirs"
    assert [found["Statement"][0], found["Statement"][3]] == [theirs, nameless]
    assert found["Statement"][2]["Principal"]["AWS"] == [f"arn:aws:iam::{account}:root" for account in READERS]


def test_a_statement_of_others_under_a_common_name_survives(s3: Any) -> None:
    s3.create_bucket(Bucket=NAME)
    theirs = {"Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    theirs |= {"Resource": f"arn:aws:s3:::{NAME}/*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": [theirs]}))

    create_artifact_bucket(s3, DEVOPS, READERS)
    sids = [statement["Sid"] for statement in policy(s3)]
    assert sids == ["DenyInsecureTransport", "MultiEnvLambdaTlsOnly", "MultiEnvLambdaReaders"]
    assert policy(s3)[0] == theirs


def test_what_an_earlier_release_wrote_gets_its_new_name_and_no_second_statement(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS[:1])
    tls, read = policy(s3)
    earlier = [{**tls, "Sid": "DenyInsecureTransport"}, {**read, "Sid": "AllowEnvironmentsToRead"}]
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": earlier}))

    create_artifact_bucket(s3, DEVOPS, READERS)
    assert [statement["Sid"] for statement in policy(s3)] == ["MultiEnvLambdaTlsOnly", "MultiEnvLambdaReaders"]
    assert len(policy(s3)[1]["Principal"]["AWS"]) == 2


def test_a_policy_in_the_words_that_s3_gives_back_is_not_written_again(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)
    tls, read = policy(s3)
    as_returned = [
        {**tls, "Principal": {"AWS": "*"}, "Action": ["s3:*"], "Resource": tls["Resource"][::-1]},
        {**read, "Principal": {"AWS": READERS[::-1]}, "Action": read["Action"][::-1]},
    ]
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps({"Version": "2012-10-17", "Statement": as_returned[::-1]}))

    again = Writes(s3)
    assert (missing_settings(s3, DEVOPS, READERS), create_artifact_bucket(again, DEVOPS, READERS)) == ((), ())
    assert again.calls == []
    assert missing_settings(s3, DEVOPS, [*READERS, "4" * 12]) == ("its policy lets the environments read",)


def test_the_environments_may_read_what_is_published_and_nothing_else(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, [*READERS, READERS[0]])
    tls, read = policy(s3)
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert read["Principal"]["AWS"] == [f"arn:aws:iam::{account}:root" for account in READERS]
    assert read["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert read["Resource"] == f"arn:aws:s3:::{NAME}/projects/*"


def test_what_is_not_current_any_more_is_forgotten_after_30_days_and_nothing_else_is(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)

    found = rules(s3)
    assert {name: rule["Filter"]["Prefix"] for name, rule in found.items()} == {
        "multi-env-lambda-records": "environments/",
        "multi-env-lambda-artifacts": "projects/",
        "multi-env-lambda-uploads": "",
    }
    for name in ("multi-env-lambda-records", "multi-env-lambda-artifacts"):
        assert found[name]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
        assert found[name]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert found["multi-env-lambda-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_rules_of_others_stay_and_one_of_ours_that_was_switched_off_stays_off(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)
    ours = rules(s3)
    theirs = {"ID": "archive", "Filter": {"Prefix": "exports/"}, "Status": "Enabled", "Expiration": {"Days": 400}}
    off = {**ours["multi-env-lambda-artifacts"], "Status": "Disabled"}
    configuration = {"Rules": [theirs, off, ours["multi-env-lambda-uploads"]]}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration=configuration)

    assert create_artifact_bucket(s3, DEVOPS, READERS) == (
        "old versions and what `prune` deletes expire after 30 days",
    )
    assert rules(s3)["archive"]["Expiration"] == {"Days": 400}
    assert rules(s3)["multi-env-lambda-artifacts"]["Status"] == "Disabled"
    assert set(rules(s3)) == {*ours, "archive"}


def test_a_rule_with_a_date_stays(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)
    ends = datetime(2030, 1, 1, tzinfo=UTC)
    theirs = {"ID": "end", "Filter": {"Prefix": "exports/"}, "Status": "Enabled", "Expiration": {"Date": ends}}
    configuration = {"Rules": [theirs, *rules(s3).values()]}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration=configuration)

    assert missing_settings(s3, DEVOPS, READERS) == ()
    configuration = {"Rules": [theirs]}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration=configuration)
    create_artifact_bucket(s3, DEVOPS, READERS)
    assert rules(s3)["end"]["Expiration"]["Date"] == ends
    assert len(rules(s3)) == 4


def test_a_rule_of_the_old_kind_is_written_the_new_way_since_s3_refuses_both_in_one(s3: Any) -> None:
    s3.create_bucket(Bucket=NAME)
    old = {"ID": "old", "Prefix": "exports/", "Status": "Enabled", "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": [old]})

    create_artifact_bucket(s3, DEVOPS, READERS)
    assert rules(s3)["old"]["Filter"] == {"Prefix": "exports/"}
    assert "Prefix" not in rules(s3)["old"]


def test_a_key_of_kms_is_told_with_who_else_needs_it(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, READERS)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/k"}
    s3.put_bucket_encryption(
        Bucket=NAME,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )

    (told,) = create_artifact_bucket(s3, DEVOPS, READERS)
    assert told == snapshot(
        "it encrypts with the key arn:aws:kms:us-east-1:123456789012:key/k: the accounts and roles of all environments "
        "need kms:Decrypt in that key's policy (AWS's own key, aws/s3, cannot be shared: choose one of your own, "
        "or SSE-S3)"
    )


def test_a_bucket_elsewhere_is_made_there(s3: Any) -> None:
    devops = attrs.evolve(DEVOPS, region="eu-central-1")
    create_artifact_bucket(boto3.client("s3", region_name="eu-central-1"), devops, READERS)
    assert s3.get_bucket_location(Bucket=NAME)["LocationConstraint"] == "eu-central-1"


def test_a_bucket_of_another_account_is_refused_before_anything_is_set(s3: Any) -> None:
    faulty = FaultyClient(s3)
    faulty.fail("head_bucket", code="403", status=403)
    client = Writes(faulty)
    with pytest.raises(PublishError, match="does the name belong to account 999999999999"):
        create_artifact_bucket(client, attrs.evolve(DEVOPS, account_id="999999999999"), READERS)
    assert client.calls == []


def test_a_statement_of_others_about_a_deleted_role_is_named_before_anything_is_written(s3: Any) -> None:
    s3.create_bucket(Bucket=NAME)
    theirs = {"Sid": "Logs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{NAME}/logs/*"}
    document = {"Version": "2012-10-17", "Statement": [{**theirs, "Principal": {"AWS": "AROAEXAMPLEDELETED12"}}]}
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))

    for look in (create_artifact_bucket, missing_settings):
        with pytest.raises(PublishError) as caught:
            look(s3, DEVOPS, READERS)
        assert "in the statement `Logs` (AROAEXAMPLEDELETED12); S3 refuses such a policy" in caught.value.what
        assert caught.value.hint.startswith("remove that statement from the bucket's policy")
    assert s3.get_bucket_versioning(Bucket=NAME).get("Status") is None


def test_a_policy_that_s3_refuses_for_somebody_in_it_says_who_that_may_be(s3: Any) -> None:
    class Refusing(Writes):
        def put_bucket_policy(self, **_: object) -> None:
            answer = {"Error": {"Code": "MalformedPolicy", "Message": "Invalid principal in policy"}}
            raise ClientError(answer, "PutBucketPolicy")

    with pytest.raises(PublishError, match="Invalid principal in policy") as caught:
        create_artifact_bucket(Refusing(s3), DEVOPS, READERS)
    assert all(f"arn:aws:iam::{account}:root" in caught.value.hint for account in READERS)


class Notifying:
    """A client with S3's notifications: moto forgets the one for EventBridge."""

    def __init__(self, client: Any, **configuration: Any) -> None:
        self.client, self.configuration = client, configuration

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def get_bucket_notification_configuration(self, **_: Any) -> dict[str, Any]:
        return {"ResponseMetadata": {}, **self.configuration}

    def put_bucket_notification_configuration(self, NotificationConfiguration: dict[str, Any], **_: Any) -> None:
        self.configuration = NotificationConfiguration


def test_eventbridge_hears_of_objects_where_that_is_wanted_and_notifications_of_others_stay(s3: Any) -> None:
    create_artifact_bucket(s3, DEVOPS, [])
    others = [{"TopicArn": "arn:aws:sns:us-east-1:111111111111:others", "Events": ["s3:ObjectRemoved:*"]}]
    client = Notifying(s3, TopicConfigurations=others)

    assert create_artifact_bucket(client, DEVOPS, []) == ()
    (line,) = create_artifact_bucket(client, DEVOPS, [], tells=True)
    assert line.startswith("EventBridge hears of its objects")
    assert client.configuration == {"TopicConfigurations": others, "EventBridgeConfiguration": {}}
    assert create_artifact_bucket(client, DEVOPS, [], tells=True) == ()
