"""A check that fails is a finding, and stops what depends on it and nothing else."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import attrs
import boto3
import pytest
from moto import mock_aws

from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.host.sandbox import landlock_version
from multi_env_lambda.operations.doctor import examine
from multi_env_lambda.testing.local_cloud import sample_config
from multi_env_lambda.testing.world import FakeTree, fake_world
from tests.plan.test_bitbucket_pipeline import BITBUCKET


def never() -> Never:
    raise AssertionError("without an identity nothing else is opened")


def test_who_has_no_credentials_is_told_so_and_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    found = examine(sample_config(), ["3.0"], Sessions(), {}, never, never, never)

    by_place = {(finding.place, finding.check): finding for finding in found}
    identity = by_place["you", "identity"]
    assert (identity.state, identity.what.partition(":")[0]) == ("problem", "ProfileNotFound")
    assert "aws configure list-profiles" in identity.hint
    assert by_place["machine", "python 3.0"].state == "note"
    assert by_place["machine", "landlock"].state == ("ok" if landlock_version() >= 2 else "note")
    assert [finding.state for finding in found if finding.place == "prod"] == ["unknown"]


def test_an_address_that_is_none_is_told_by_what_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "foo")
    found = examine(sample_config(), [], Sessions(), {}, never, never, never)

    (identity,) = [finding for finding in found if finding.check == "identity"]
    assert (identity.state, identity.what) == ("problem", "sts in us-east-1: Invalid endpoint: foo")
    assert "AWS_ENDPOINT_URL" in identity.hint


@contextmanager
def session_in(account_id: str) -> Iterator[None]:
    """In moto, as a role of this account. What moto has set is put back by moto, after what is set here."""
    role = {"RoleArn": f"arn:aws:iam::{account_id}:role/deployer", "RoleSessionName": "ada"}
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        keys = boto3.client("sts", region_name="us-east-1").assume_role(**role)["Credentials"]
        patch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        yield


class Odd(UserDict[str, str]):
    """Variables that cannot be read."""

    def get(self, key: str, default: object = None) -> Never:
        raise OSError(f"{key} is on a disk that is gone")


def test_a_check_that_meets_something_unknown_is_a_finding_of_its_own() -> None:
    with session_in("111111111111"):
        found = examine(sample_config(), [], Sessions(), Odd(), never, never, never)

    of_you = {finding.check: finding for finding in found if finding.place == "you"}
    assert (of_you["clock"].state, of_you["session"].state) == ("ok", "problem")
    assert "a disk that is gone" in of_you["session"].what


@pytest.mark.parametrize("only", [False, True])
def test_what_no_token_shows_of_bitbucket_is_a_note_that_says_where_to_look(tmp_path: Path, only: bool) -> None:
    """Who may deploy there is a setting of Bitbucket that neither its tokens nor its API tell."""
    sample = sample_config()
    own = attrs.evolve(sample.devops, role_name="")
    config = attrs.evolve(sample, devops=own, bitbucket=attrs.evolve(BITBUCKET, only_from_branch=only))
    world = attrs.evolve(fake_world(FakeTree({"orders": "o1"}), tmp_path).world, config=config)
    with session_in(own.account_id):
        found = examine(config, [], Sessions(), {}, lambda: world, never, never)

    (said,) = [finding for finding in found if finding.check == "bitbucket"]
    assert (said.place, said.state) == ("devops", "note")
    if only:
        assert said.what.startswith("the table says that Bitbucket lets only `main` deploy to") and said.hint == ""
    else:
        assert said.what.startswith("everybody who can push any branch can deploy, through")
        assert "Premium" in said.hint and "only_from_branch = true" in said.hint
    assert "`multi-env-lambda`" in said.what
