"""The command between two environments, and what a build is called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from multi_env_lambda.runs.proofs import RealProofs
from multi_env_lambda.runs.start import build_id

_SAYS = "import os, sys; sys.exit(os.environ['MULTI_ENV_LAMBDA_ENVIRONMENT'] + ' $HOME ' + os.getcwd())"


def test_the_command_is_told_the_environment_and_no_shell_reads_it(tmp_path: Path) -> None:
    said = RealProofs().environment(tmp_path, (sys.executable, "-c", _SAYS), "prod")

    assert f"ended with status 1: prod $HOME {tmp_path.resolve()}" in said
    assert RealProofs().environment(tmp_path, (sys.executable, "-c", "pass"), "prod") == ""
    assert "could not be started" in RealProofs().environment(tmp_path, ("no-such-program-at-all",), "prod")


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"CODEBUILD_BUILD_ID": "units:1", "GITHUB_RUN_ID": "7"}, "units:1"),
        ({"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "github:7:2"),
        ({"GITHUB_RUN_ID": "7"}, "github:7:1"),
    ],
)
def test_a_build_is_called_as_its_service_calls_it(variables: dict[str, str], name: str) -> None:
    assert build_id(variables) == name
    assert build_id({}) == build_id({}) != ""
