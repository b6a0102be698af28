"""What a machine lacks is told by a CI, and forgiven to a person."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.absent import absent


def test_a_ci_fails_where_something_is_absent() -> None:
    with pytest.raises(pytest.fail.Exception, match="has no browser; a CI has to have it"):
        absent("browser", in_a_ci=True)


def test_elsewhere_the_test_is_left_out() -> None:
    with pytest.raises(pytest.skip.Exception, match="this machine has no browser"):
        absent("browser", in_a_ci=False)


@pytest.mark.story
@pytest.mark.parametrize(("value", "said"), [("true", True), ("1", True), ("", False), ("0", False), ("False", False)])
def test_a_ci_says_that_it_is_one(value: str, said: bool) -> None:
    asked = "from tests.person import STARTED_BY_A_CI as said; print(said)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "CI": value}, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == str(said)
