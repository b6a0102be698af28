"""Debug logs of botocore show what is called, and no credentials."""

from __future__ import annotations

import logging

import pytest

from multi_env_lambda.aws.redaction import quiet_refreshing, redact_debug_logs

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


def test_credentials_that_could_not_be_renewed_in_time_are_one_line_and_those_that_are_over_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The latter are raised as well."""
    quiet_refreshing()
    logger = logging.getLogger("botocore.credentials")

    for period in ("mandatory", "advisory"):
        try:
            raise ValueError("no")
        except ValueError:
            text = "Refreshing temporary credentials failed during %s refresh period."
            logger.warning(text, period, exc_info=True)

    (left,) = caplog.records
    assert (left.getMessage(), left.exc_info) == (text % "advisory", None)
