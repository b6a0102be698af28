"""A check that fails is a finding, and stops what depends on it and nothing else."""

from __future__ import annotations

from typing import Never

from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.flow.doctor import examine
from multi_env_lambda.testing.local_cloud import sample_config


def never() -> Never:
    raise AssertionError("without an identity nothing else is opened")


def test_who_has_no_credentials_is_told_so_and_the_machine_is_looked_at() -> None:
    found = examine(sample_config(), ["3.0"], Sessions(profile="nobody-has-this"), {}, never)

    by_place = {(finding.place, finding.check): finding for finding in found}
    identity = by_place["you", "identity"]
    assert (identity.state, identity.what.partition(":")[0]) == ("problem", "ProfileNotFound")
    assert "aws configure list-profiles" in identity.hint
    assert by_place["machine", "python 3.0"].state == "note"
    assert [finding.state for finding in found if finding.place == "prod"] == ["unknown"]
