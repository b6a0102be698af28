"""The handler in Lambda: what it needs is named, and what it is made of is made once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from multi_env_lambda import dispatcher
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE, PROJECT_VARIABLE
from tests.house import ROOT

ALL = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    BUCKET_VARIABLE: "acme",
    ACCOUNT_VARIABLE: "1" * 12,
    PROJECT_VARIABLE: "acme-build",
}


@pytest.mark.parametrize("missing", [BUCKET_VARIABLE, ACCOUNT_VARIABLE, PROJECT_VARIABLE])
def test_a_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(missing)

    with pytest.raises(ConfigurationError, match=missing):
        dispatcher.handler({"Records": []}, None)


def test_an_empty_batch_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)

    assert dispatcher.handler({"Records": []}, None) == {"batchItemFailures": []}
    assert dispatcher.handler({"Records": [{"messageId": "1", "body": "x"}]}, None) == {"batchItemFailures": []}


@pytest.mark.story
def test_it_needs_no_more_than_a_package_of_lambda_has() -> None:
    """Neither a command line nor anything that shows or builds: the package is small, and starts soon."""
    code = "import sys, multi_env_lambda.dispatcher; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert {"click", "rich", "cottonformation", "uv", "pathlib_mate"} & set(done.stdout.split()) == set()
