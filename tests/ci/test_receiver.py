"""The receiver in Lambda: the variables that it needs, what it reads and writes, and what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from multi_env_lambda import receiver
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.webhook import HOST_VARIABLE, PARAMETER_VARIABLE, SECRET_VARIABLE
from tests.ci.test_webhook import SECRET, request
from tests.house import ROOT

ALL = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    ACCOUNT_VARIABLE: "123456789012",  # moto's own
    BUCKET_VARIABLE: "acme",
    HOST_VARIABLE: "github",
    SECRET_VARIABLE: "acme/webhook",
}


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    receiver._receiver.cache_clear()
    yield
    receiver._receiver.cache_clear()


@pytest.mark.parametrize("missing", [ACCOUNT_VARIABLE, BUCKET_VARIABLE, HOST_VARIABLE, SECRET_VARIABLE])
def test_a_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    named = PARAMETER_VARIABLE if missing == SECRET_VARIABLE else missing
    with pytest.raises(ConfigurationError, match=named):
        receiver.handler(request(), None)


def test_another_host_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOST_VARIABLE, "gitea")
    with pytest.raises(ConfigurationError, match="gitea"):
        receiver.handler(request(), None)


def answered(event: Any) -> tuple[int, str]:
    found = receiver.handler(event, None)
    assert found["headers"]["content-type"] == "application/json"
    return found["statusCode"], json.loads(found["body"])["message"]


def test_a_signed_push_is_on_the_bus_and_marked_and_the_same_again_is_not_sent() -> None:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="acme")
        boto3.client("secretsmanager").create_secret(Name="acme/webhook", SecretString=SECRET.decode())
        assert answered(request()) == (202, "received")
        assert answered(request()) == (200, "received before")
        assert answered(request(secret=b"a-secret-of-somebody")) == (
            401,
            "the signature is not that of the secret, or is older than five minutes",
        )
        (mark,) = boto3.client("s3").list_objects_v2(Bucket="acme")["Contents"]
    assert mark["Key"].startswith("ci/deliveries/")


def test_a_parameter_counts_only_where_it_is_kept_as_a_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One account for all three: to start one that has Parameter Store takes a second."""
    kept = (
        ("String", SECRET.decode(), 503),
        ("SecureString", "few-signs", 503),
        ("SecureString", SECRET.decode(), 202),
    )
    monkeypatch.delenv(SECRET_VARIABLE)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="acme")
        for number, (kind, text, status) in enumerate(kept):
            name = f"/acme/webhook/{number}"
            boto3.client("ssm").put_parameter(Name=name, Value=text, Type=kind)  # type: ignore[arg-type]
            monkeypatch.setenv(PARAMETER_VARIABLE, name)
            receiver._receiver.cache_clear()
            assert answered(request())[0] == status, (kind, text)
            assert text not in caplog.text


def test_a_secret_that_is_not_there_is_an_error_that_the_log_names(caplog: pytest.LogCaptureFixture) -> None:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="acme")
        assert answered(request())[0] == 503
    assert "secret acme/webhook" in caplog.text


@pytest.mark.story
def test_it_needs_no_more_than_a_package_of_lambda_has_and_nothing_that_is_slow_to_import() -> None:
    code = "import sys, multi_env_lambda.receiver; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    slow = {"boto3", "botocore", "click", "rich", "cottonformation", "uv", "pathlib_mate"}
    assert slow & set(done.stdout.split()) == set()
