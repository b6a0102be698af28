"""The proofs that a change is sound: each unit's own tests, and the workspace's command between two environments."""

from __future__ import annotations

import os
from pathlib import Path

from multi_env_lambda.building.own_tests import own_tests
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.process import run
from multi_env_lambda.model.project import Project

__all__ = ["ENVIRONMENT_VARIABLE", "RealProofs"]

ENVIRONMENT_VARIABLE = "MULTI_ENV_LAMBDA_ENVIRONMENT"
"""Tells the command ``verify`` which environment was just changed."""


class RealProofs:
    """They run here. The command ``verify`` is merged code and gets what this build has, since it asks the world."""

    def unit(self, root: Path, unit: Project) -> str:
        return own_tests(root, unit)

    def environment(self, root: Path, command: tuple[str, ...], environment: str) -> str:
        variables = {**os.environ, ENVIRONMENT_VARIABLE: environment}
        try:
            run(list(command), cwd=root, env=variables, where="verify", hint="run it on your machine", stdin=b"")
        except MultiEnvLambdaError as error:
            return error.what
        return ""
