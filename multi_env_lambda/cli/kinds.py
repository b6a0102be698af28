"""The errors that can end a command."""

from __future__ import annotations

from multi_env_lambda import errors
from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.errors import MultiEnvLambdaError

__all__ = ["kinds"]


def kinds() -> list[type[MultiEnvLambdaError]]:
    """All of them, in the order of their exit codes."""
    named = (getattr(errors, name) for name in errors.__all__)
    return sorted((UnitsFailed, *(kind for kind in named if kind is not MultiEnvLambdaError)), key=_code)


def _code(kind: type[MultiEnvLambdaError]) -> int:
    return kind.exit_code
