"""An unexpected exception as an error of one unit: it must not hide how the others end."""

from __future__ import annotations

import logging
import os
import traceback

from multi_env_lambda.errors import BuildError, MultiEnvLambdaError
from multi_env_lambda.masking import blotted

__all__ = ["as_ours"]


def as_ours(where: str, raised: Exception) -> MultiEnvLambdaError:
    """The error to report instead of ``raised``; anything but file errors is logged with its traceback."""
    match raised:
        case MultiEnvLambdaError():
            return raised
        case OSError():
            file = f" ({raised.filename})" if raised.filename else ""
            what = f"{raised.strerror or raised}{file}"
            return BuildError(where, what, hint="make the file readable, or remove it; then run again")
        case RecursionError() | MemoryError():
            what = "it is too deeply nested or too large to be read"
            return BuildError(where, what, hint="simplify its content")
        case _:
            from multi_env_lambda.model.plain_secrets import secrets_among

            # Its text may contain what it was raised about: a variable of ours, a file of somebody else.
            secrets = secrets_among(os.environ)
            trace = "".join(traceback.format_exception(raised))
            logging.getLogger(__name__).error("unexpected error\n%s", blotted(trace, secrets))
            what = blotted(f"unexpected {type(raised).__name__}: {raised}", secrets)
            return MultiEnvLambdaError(where, what, hint="run it again; if that does not help, report it")
