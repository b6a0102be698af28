"""Who starts the tests, and from where, changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import botocore.session
import pytest

from multi_env_lambda.host.build_run import BUILD_VARIABLES
from tests.person import OF_PYTEST, environment_of_a_person, signals_of_a_person, variables_are_put_back

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


def test_a_variable_that_is_left_behind_is_named_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "as it was")
    monkeypatch.setenv("PATH_OF_OURS", "stays")
    before = {name: value for name, value in os.environ.items() if name != OF_PYTEST}

    with pytest.raises(AssertionError, match="^not put back: GONE, OURS$"), variables_are_put_back():
        os.environ["GONE"] = os.environ["OURS"] = "hunter2"
        os.environ[OF_PYTEST] = "the next step"

    assert {name: value for name, value in os.environ.items() if name != OF_PYTEST} == before


def test_a_variable_that_is_taken_away_is_named_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "as it was")

    with pytest.raises(AssertionError, match="^not put back: OURS$"), variables_are_put_back():
        del os.environ["OURS"]

    assert os.environ["OURS"] == "as it was"


@pytest.mark.skipif(sys.platform == "win32", reason="there, only two of these signals exist")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"])
def test_what_a_test_starts_hears_a_signal_that_who_starts_the_tests_ignores(name: str) -> None:
    number = signal.Signals[name]
    kills_itself = f"import os; os.kill(os.getpid(), {number})"
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals_of_a_person():
            os.kill(os.getpid(), number)  # a test does not
            heard = subprocess.run([sys.executable, "-c", kills_itself], check=False, stderr=subprocess.DEVNULL)
        after = signal.getsignal(number)
    finally:
        signal.signal(number, before)

    assert (heard.returncode, after) == (-number, signal.SIG_IGN)
