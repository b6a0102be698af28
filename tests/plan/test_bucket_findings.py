"""What others set on the bucket is named where it keeps somebody out, or lets less be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.plan.bucket import lifecycle_rules, policy_statements
from multi_env_lambda.plan.bucket_findings import denials, early_ends
from multi_env_lambda.plan.bucket_principals import gone, to_look_at

DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::acme/*"}
OLD = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}


@pytest.mark.parametrize(
    ("statement", "is_denied"),
    [
        ({}, True),
        ({"Principal": {"AWS": ["arn:aws:iam::222222222222:role/x"]}, "Action": ["s3:GetObject*"]}, True),
        ({"Resource": "arn:aws:s3:::acme/projects/*"}, True),
        ({"Principal": {"AWS": "arn:aws:iam::333333333333:root"}}, False),
        ({"Effect": "Allow"}, False),
        ({"Action": "s3:PutObject"}, False),
        ({"Resource": "arn:aws:s3:::acme/logs/*"}, False),
    ],
)
def test_a_statement_that_denies_an_account_what_is_published(statement: dict[str, Any], is_denied: bool) -> None:
    found = denials({"Statement": {**DENY, **statement}}, "acme", "222222222222")
    assert found == (("number 1",) if is_denied else ())


def test_our_own_statements_deny_nobody_who_speaks_tls() -> None:
    assert denials({"Statement": policy_statements("acme", ["222222222222"])}, "acme", "222222222222") == ()


@pytest.mark.parametrize(
    ("rule", "is_early"),
    [
        ({}, True),
        ({"Filter": {"Prefix": "environments/prod/"}}, True),
        ({"Filter": {"And": {"Prefix": "", "ObjectSizeGreaterThan": 1}}}, True),
        ({"Filter": {"Prefix": "logs/"}}, False),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, False),
        ({"Status": "Disabled"}, False),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}, False),
    ],
)
def test_a_rule_that_removes_old_versions_early(rule: dict[str, Any], is_early: bool) -> None:
    assert bool(early_ends([{**OLD, **rule}])) == is_early


def test_our_own_rules_are_not_early() -> None:
    assert early_ends(lifecycle_rules()) == ()


def test_who_was_deleted_is_known_by_the_id() -> None:
    arn = "arn:aws:iam::222222222222:role/x"
    statements = [{"Principal": {"AWS": [arn, "AIDAEXAMPLEDELETED12"]}}, {"Sid": "b", "Principal": "*"}]
    assert gone({"Statement": statements}) == ("`number 1` (AIDAEXAMPLEDELETED12)",)
    assert to_look_at({"Statement": statements}) == (arn, "AIDAEXAMPLEDELETED12")
