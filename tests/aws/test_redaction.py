"""Debug logs of botocore show what is called, and no credentials."""

from __future__ import annotations

import logging

import pytest

from multi_env_lambda.aws.redaction import redact_debug_logs

TOKEN = "FwoGZXIvYXdzEBYaD/+=Q"


@pytest.mark.parametrize(
    "text",
    [
        f"<SecretAccessKey>{TOKEN}</SecretAccessKey><Expiration>2026</Expiration>",
        f"<SessionToken>{TOKEN}</SessionToken>",
        f'{{"accessToken": "{TOKEN}", "expiresIn": 3}}',
        f"host:example\nx-amz-security-token:{TOKEN}\n\nhost;x-amz-security-token",
        f"{{'X-Amz-Security-Token': '{TOKEN}', 'Host': 'a'}}",
        f"{{'X-Amz-Security-Token': b'{TOKEN}', 'Host': 'a'}}",
        f"https://example.org/?X-Amz-Security-Token={TOKEN}&X-Amz-Date=1",
    ],
)
def test_tokens_and_keys_are_not_written(text: str, caplog: pytest.LogCaptureFixture) -> None:
    redact_debug_logs()

    with caplog.at_level(logging.DEBUG, "botocore"):
        logging.getLogger("botocore.parsers").debug("Response body:\n%s", text)

    assert TOKEN not in caplog.text and "***" in caplog.text


def test_a_password_in_a_template_that_somebody_deployed_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    redact_debug_logs()

    with caplog.at_level(logging.DEBUG, "botocore"):
        logging.getLogger("botocore.parsers").debug("Response body:\n%s", b'{\\"URL\\": \\"amqp://u:hunter2@h\\"}')

    assert "hunter2" not in caplog.text and "amqp://u:***@h" in caplog.text


def test_everything_else_is_written_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    redact_debug_logs()

    with caplog.at_level(logging.DEBUG, "botocore"):
        logging.getLogger("botocore.endpoint").debug("Making request for %s with %s", "PutObject", {"Key": "a&b;c"})

    assert "Making request for PutObject with {'Key': 'a&b;c'}" in caplog.text
