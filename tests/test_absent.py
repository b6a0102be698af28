"""What a machine lacks is told by a CI, and forgiven to a person."""

from __future__ import annotations

import pytest

from tests.absent import absent


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_a_ci_fails_where_something_is_absent(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", value)

    with pytest.raises(pytest.fail.Exception, match="has no browser; a CI has to have it"):
        absent("browser")


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_elsewhere_the_test_is_left_out(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", value)

    with pytest.raises(pytest.skip.Exception, match="this machine has no browser"):
        absent("browser")
