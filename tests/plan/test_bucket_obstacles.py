"""What others set on the bucket and what breaks it: told with what is set, and what does no harm is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from multi_env_lambda.plan.bucket import lifecycle_rules, policy_statements
from multi_env_lambda.plan.bucket_obstacles import denied_writes, ended_objects

BUCKET, ACCOUNT = "acme", "111111111111"
SSE = "s3:x-amz-server-side-encryption"
KEY = f"{SSE}-aws-kms-key-id"


def rule(where: Any, **more: Any) -> dict[str, Any]:
    return {"ID": "tidy", "Status": "Enabled", "Filter": where, **more}


def ended(*rules: dict[str, Any]) -> list[str]:
    return [obstacle.what for obstacle in ended_objects(rules, lifecycle_rules())]


def denial(conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    statement = {"Sid": "Encrypt", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    return {**statement, "Resource": f"arn:aws:s3:::{BUCKET}/*", "Condition": conditions, **more}


def denied(*statements: dict[str, Any]) -> list[str]:
    return [obstacle.what for obstacle in denied_writes({"Statement": list(statements)}, BUCKET, ACCOUNT)]


@pytest.mark.parametrize(
    ("where", "reached"),
    [
        ({}, "records and artifacts"),
        ({"Prefix": ""}, "records and artifacts"),
        ({"Prefix": "env"}, "records"),
        ({"Prefix": "environments/prod/history/"}, "records"),
        ({"And": {"Prefix": "projects/", "ObjectSizeGreaterThan": 1}}, "artifacts"),
        ({"ObjectSizeLessThan": 10}, "records and artifacts"),
    ],
)
def test_a_rule_that_reaches_what_is_current_is_told_with_its_days(where: dict[str, Any], reached: str) -> None:
    found = ended(rule(where, Expiration={"Days": 90}))
    assert found == [f"the lifecycle rule `tidy` removes current {reached} after 90 days"]


def test_a_rule_of_the_old_kind_and_one_with_a_date_are_told_too() -> None:
    old = {"ID": "old", "Status": "Enabled", "Prefix": "projects/", "Expiration": {"Days": 1}}
    dated = rule({"Prefix": "environments/"}, Expiration={"Date": datetime(2030, 1, 1, tzinfo=UTC)})
    assert ended(old, dated) == [
        "the lifecycle rule `old` removes current artifacts after 1 days",
        "the lifecycle rule `tidy` removes current records on 2030-01-01",
    ]


def test_an_archive_that_nobody_can_read_is_told_and_a_cheaper_class_is_not() -> None:
    classes = ["STANDARD_IA", "GLACIER", "GLACIER_IR"]
    moves = [{"Days": days, "StorageClass": name} for days, name in enumerate(classes, 30)]
    assert ended(rule({"Prefix": "projects/"}, Transitions=moves)) == [
        "the lifecycle rule `tidy` moves to GLACIER, which nobody can read from, current artifacts after 31 days"
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        rule({"Prefix": "exports/"}, Expiration={"Days": 1}),
        rule({"Prefix": ""}, Expiration={"ExpiredObjectDeleteMarker": True}),
        rule({"Prefix": ""}, NoncurrentVersionExpiration={"NoncurrentDays": 1}),
        rule({"Tag": {"Key": "temporary", "Value": "yes"}}, Expiration={"Days": 1}),
        rule({"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}, Expiration={"Days": 1}),
        {**rule({"Prefix": ""}, Expiration={"Days": 1}), "Status": "Disabled"},
    ],
    ids=["another prefix", "markers", "old versions", "a tag", "tags", "off"],
)
def test_a_rule_that_ends_nothing_of_ours_is_not_told(harmless: dict[str, Any]) -> None:
    assert ended(harmless, *lifecycle_rules()) == []


@pytest.mark.parametrize(
    "conditions",
    [
        {"StringNotEquals": {SSE: "aws:kms"}},
        {"Null": {SSE: "true"}},
        {"Null": {SSE: True}},
        {"StringNotEqualsIfExists": {KEY: "arn:aws:kms:us-east-1:111111111111:key/k"}},
        {"StringNotLike": {"s3:x-amz-acl": ["bucket-owner-*"]}},
    ],
)
def test_a_statement_that_asks_for_a_header_is_told_with_what_it_denies(conditions: dict[str, Any]) -> None:
    key = next(iter(next(iter(conditions.values()))))
    assert denied(denial(conditions)) == [
        f"its policy's statement `Encrypt` asks for {key} and so denies new records, changed records, "
        "new artifacts: the library does not send that"
    ]


def test_a_condition_of_writes_is_held_against_the_writes_that_it_is_about() -> None:
    only_new = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    (found,) = denied(denial(only_new))
    assert "so denies changed records: the" in found
    assert denied(denial(only_new, Resource=f"arn:aws:s3:::{BUCKET}/projects/*")) == []
    both = {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}}
    assert denied(denial(both)) == []


@pytest.mark.parametrize(
    "harmless",
    [
        denial({"StringEquals": {SSE: "AES256"}}),
        denial({"Null": {SSE: "false"}}),
        denial({"StringNotEquals": {SSE: "aws:kms"}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}}),
        denial({"StringNotEquals": {SSE: "aws:kms"}}, Resource=f"arn:aws:s3:::{BUCKET}/exports/*"),
        denial({"StringNotEquals": {SSE: "aws:kms"}}, Action="s3:DeleteObject"),
        denial({"StringNotEquals": {SSE: "aws:kms"}}, Principal={"AWS": "arn:aws:iam::444444444444:root"}),
        denial({"StringNotEquals": {SSE: "aws:kms"}}, Effect="Allow"),
        *policy_statements(BUCKET, [ACCOUNT]),
    ],
)
def test_a_statement_that_denies_none_of_our_writes_is_not_told(harmless: dict[str, Any]) -> None:
    assert denied(harmless) == []
    assert denied_writes(None, BUCKET, ACCOUNT) == ()
