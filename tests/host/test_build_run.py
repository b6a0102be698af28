"""A build is told by what its service sets, whatever else is there."""

from __future__ import annotations

import pytest

from multi_env_lambda.host.build_run import BUILD_VARIABLES, build_that_runs


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("name", BUILD_VARIABLES)
def test_each_service_is_known_with_and_without_a_terminal(name: str, terminal: bool) -> None:
    assert build_that_runs({"HOME": "/home/ada", name: "true"}, terminal=terminal) == name


@pytest.mark.parametrize(("terminal", "found"), [(True, ""), (False, "CI")])
def test_ci_alone_counts_where_there_is_no_terminal(terminal: bool, found: str) -> None:
    assert build_that_runs({"CI": "1"}, terminal=terminal) == found


@pytest.mark.parametrize("value", ["", "0", "false", "False", "no"])
def test_what_is_switched_off_is_no_build(value: str) -> None:
    assert build_that_runs({"CI": value, "GITHUB_ACTIONS": value}, terminal=False) == ""


def test_a_person_without_a_terminal_is_no_build() -> None:
    assert build_that_runs({"HOME": "/home/ada", "TERM": "dumb"}, terminal=False) == ""
