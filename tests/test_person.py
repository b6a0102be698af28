"""Who starts the tests, and from where, changes nothing."""

from __future__ import annotations

import os

import botocore.session
import pytest

from multi_env_lambda.host.build_run import BUILD_VARIABLES
from tests.person import environment_of_a_person

OF_OTHERS = (*BUILD_VARIABLES, "CI", "AWS_PROFILE", "AWS_REGION", "FORCE_COLOR", "NO_COLOR", "GIT_DIR")


def test_a_test_is_no_build_and_has_no_account() -> None:
    assert not {*OF_OTHERS} & {*os.environ}
    assert botocore.session.Session().available_profiles == []


@pytest.mark.parametrize(
    ("with_accounts", "kept"), [(False, {"AWS_CA_BUNDLE"}), (True, {"AWS_CA_BUNDLE", "AWS_PROFILE"})]
)
def test_only_the_live_suite_has_the_accounts_of_who_starts_it(
    with_accounts: bool, kept: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*OF_OTHERS, "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, "somebody-elses")
    monkeypatch.delenv("AWS_REGION")

    with environment_of_a_person(with_accounts=with_accounts):
        found = {*OF_OTHERS, "AWS_CA_BUNDLE"} & {*os.environ}

    assert found == kept
    assert os.environ["CI"] == "somebody-elses"
