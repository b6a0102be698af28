"""The live suite touches no account that does not say yes, and its janitor nothing that is not a run's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from moto import mock_aws

from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.model.workspace import WorkspaceConfig
from tests.person import AWS_FILES

from .accounts import CONSENT, check_accounts, config_of, stand_ins
from .conftest import LOCAL
from .janitor import TAG, clean, inventory
from .report import Line, document, table
from .step import Step

OURS, OTHERS = "live-0a1b2c-orders", "live-orders"


@attrs.define
class Stacks:
    """CloudFormation, as far as a listing goes; moto's own needs more packages than the tests have."""

    found: list[dict[str, Any]] = attrs.field(factory=list)

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_stacks"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Stacks": self.found}]


@attrs.frozen
class OneAccount:
    """Stands for ``Sessions``: every place is the one account of moto."""

    stacks: Stacks = attrs.field(factory=Stacks)

    def client(self, place: Any, service: str) -> Any:
        if service == "cloudformation":
            return self.stacks
        return boto3.client(service, region_name=place.region)


@pytest.fixture
def config() -> WorkspaceConfig:
    return config_of(LOCAL)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in AWS_FILES:
        monkeypatch.setenv(name, os.devnull)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield OneAccount()


def test_an_account_that_does_not_say_yes_is_refused(sessions: Any, config: WorkspaceConfig) -> None:
    iam = boto3.client("iam", region_name="us-east-1")
    with pytest.raises(Refused, match="account alias is `none`, which does not begin with mel-live-ok"):
        check_accounts(sessions, config)
    iam.create_account_alias(AccountAlias="acme-production")
    with pytest.raises(Refused, match="account alias is `acme-production`"):
        check_accounts(sessions, config)


def test_an_account_with_a_stack_of_somebody_else_is_refused(sessions: Any, config: WorkspaceConfig) -> None:
    boto3.client("iam", region_name="us-east-1").create_account_alias(AccountAlias=f"{CONSENT}-one")
    check_accounts(sessions, config)
    sessions.stacks.found.append({"StackName": "billing-prod"})

    with pytest.raises(Refused, match="it has the stack `billing-prod`"):
        check_accounts(sessions, config)


@pytest.mark.parametrize(
    "old, new, what",
    [
        ('bucket = "live-artifacts', 'bucket = "artifacts', "expected a name that begins with live-"),
        ('id = "1f0e77a9c0de"', "", "needed are an id and two"),
    ],
)
def test_a_file_that_is_not_meant_for_it_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    file = tmp_path / "workspace.toml"
    file.write_text(LOCAL.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=what):
        config_of(file)


def test_the_janitor_leaves_what_has_no_tag_or_another_name(sessions: Any, config: WorkspaceConfig) -> None:
    s3, sqs = (boto3.client(name, region_name="us-east-1") for name in ("s3", "sqs"))
    for name in (OURS, OTHERS, f"{OURS}-untagged"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="one", Body=b"1")
        if name != f"{OURS}-untagged":
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": TAG, "Value": "0a1b2c"}]})
    s3.create_bucket(Bucket=config.devops.bucket)
    sessions.stacks.found += [{"StackName": OURS, "Tags": []}, {"StackName": "billing-prod"}]
    sqs.create_queue(QueueName=OURS, tags={TAG: "0a1b2c"})
    sqs.create_queue(QueueName=f"{OURS}-untagged")

    found = {str(item) for item in inventory(sessions, config)}
    failed = clean(sessions, config)

    artifacts = f"bucket {config.devops.bucket} in devops"
    assert found == {f"bucket {OURS} in {place}" for place in ("devops", "sandbox", "prod")} | {
        f"queue {OURS} in {place}" for place in ("devops", "sandbox", "prod")
    } | {artifacts}
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {OTHERS, f"{OURS}-untagged"}
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == [f"{OURS}-untagged"]
    assert all("NoSuchBucket" in line or "NonExistentQueue" in line for line in failed)


def test_accounts_stand_in_the_order_of_promotion(config: WorkspaceConfig) -> None:
    other = attrs.evolve(config, devops=attrs.evolve(config.devops, account_id="987654321098"))

    assert stand_ins(other) == {"987654321098": "1" * 12, "222222222222": "2" * 12, "333333333333": "3" * 12}


def test_the_report_says_what_each_step_proves_costs_and_left() -> None:
    step = Step(number=1, name="bucket", proves="One writer wins", cost="nothing")
    line = Line(
        step=step, result="failed", seconds=1.0, created="PutObject 3", notes=("why",), left_over=("queue x in prod",)
    )

    assert table([line]).splitlines() == [
        " 1 bucket           failed       1.0 s  One writer wins",
        "   cost: nothing",
        "   calls: PutObject 3",
        "   left over: queue x in prod",
        "   why",
    ]
    assert '"left_over": [\n        "queue x in prod"' in document("0a1b2c", [line])
