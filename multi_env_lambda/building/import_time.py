"""How long the import of a handler may take: what an import proof measured in, what to say of it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from multi_env_lambda.building.imports import Handler

__all__ = ["INIT_SECONDS", "slow_imports"]

INIT_SECONDS = 10
"""After which Lambda stops a start.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html ("Init phase")
"""


def slow_imports(handlers: Sequence[Handler], answers: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """No error: Lambda's machine may be faster than this one, and with SnapStart there is more time."""
    return tuple(
        f"{handler.shown}: importing its module took {seconds:.1f} s here, and Lambda stops a start after "
        f"{INIT_SECONDS} s and tries it once more in the function's own timeout: do long work in the function, or "
        "raise its memory"
        for answer in answers
        if (seconds := answer.get("seconds", 0)) > INIT_SECONDS
        if not (handler := handlers[answer["number"]]).is_job
    )
