"""Glue jobs: start one run and wait for how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import account_error, aws_errors, code_of, text_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.wording import STATUS, advice

__all__ = ["JobRun", "run_job"]

_OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})
_SLOWEST = 5.0
_HINTS = {
    "ConcurrentRunsExceededException": "wait until the current run has ended; a job has one run at a time, unless "
    "`ExecutionProperty` of its resource says more (`extend` in stack.py)"
}
_IS_IT_THERE = advice("is it deployed there? `{}` shows what runs where", STATUS)


@shown_as_text
@attrs.frozen(kw_only=True)
class JobRun:
    """One finished run; ``error`` is Glue's text if it did not succeed."""

    identifier: str
    state: str
    error: str | None

    def text(self) -> str:
        """How it ended."""
        return f"run {self.identifier}: {self.state}{'' if self.error is None else f': {self.error}'}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)


def run_job(
    start: Callable[..., Any],
    client: Any,
    name: str,
    arguments: dict[str, str],
    *,
    deadline_seconds: float = 3600.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> JobRun:
    """Start the job and wait for it.

    Args:
        start: StartJobRun of a client that never retries: the call has no idempotency token.

    Raises:
        StackError: it cannot be started, or has not ended before the deadline.
    """
    until, pause = clock() + deadline_seconds, 0.1
    try:
        identifier = start(JobName=name, Arguments=arguments)["JobRunId"]
        while clock() < until:
            run = client.get_job_run(JobName=name, RunId=identifier)["JobRun"]
            if run["JobRunState"] in _OVER:
                state = str(run["JobRunState"])
                error = None if state == "SUCCEEDED" else str(run.get("ErrorMessage") or state)
                return JobRun(identifier=identifier, state=state, error=error)
            sleep(pause)
            pause = min(pause * 2, _SLOWEST)
    except aws_errors() as error:
        found = account_error(name, error)
        hint = _HINTS.get(code_of(error), _IS_IT_THERE)
        raise found or StackError(name, f"the job cannot be run: {text_of(error)}", hint=hint) from error
    raise StackError(name, f"the run has not ended after {deadline_seconds:.0f} s", hint="check it in the console")
