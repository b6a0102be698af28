"""A run that cannot be started says what to do about it."""

from __future__ import annotations

from typing import Never

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.jobs import run_job
from multi_env_lambda.errors import StackError


@pytest.mark.parametrize(
    ("code", "word"),
    [("ConcurrentRunsExceededException", "wait until the current run has ended"), ("EntityNotFound", "deployed")],
)
def test_a_job_that_cannot_be_started_has_a_hint_that_fits(code: str, word: str) -> None:
    def start(**_: object) -> Never:
        raise ClientError({"Error": {"Code": code, "Message": "Concurrent runs exceeded for j"}}, "StartJobRun")

    with pytest.raises(StackError, match="Concurrent runs exceeded for j") as caught:
        run_job(start, None, "j", {})
    assert word in caught.value.hint
