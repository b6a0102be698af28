"""How long the import of a handler may take: the measurement of an import check in, a note out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from multi_env_lambda.building.handler import Handler

__all__ = ["INIT_SECONDS", "slow_imports"]

INIT_SECONDS = 10
"""The time after which Lambda aborts a start.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html ("Init phase")
"""


def slow_imports(handlers: Sequence[Handler], answers: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Not an error: Lambda's machine may be faster than this one, and SnapStart allows more time."""
    return tuple(
        f"{handler.shown}: importing its module took {seconds:.1f} s here, and Lambda aborts a start after "
        f"{INIT_SECONDS} s and retries it once within the function's own timeout: do long work in the function, or "
        "raise its memory"
        for answer in answers
        if (seconds := answer.get("seconds", 0)) > INIT_SECONDS
        if not (handler := handlers[answer["number"]]).is_job
    )
