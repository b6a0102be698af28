"""Roles are renewed while the caller's session lives; once it has ended, every client says so, in one error."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    RefreshWithMFAUnsupportedError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from multi_env_lambda.aws.clock import clocks_of
from multi_env_lambda.aws.error_codes import code_of, status_of
from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.session_end import ending_of
from multi_env_lambda.errors import AccountError, SessionEnded
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.session import Source
from tests.tools.expiring import StandIn, stand_in

SANDBOX = Environment(name="sandbox", account_id="222222222222", region="us-east-1")
OWN = Devops(account_id="111111111111", region="us-east-1", bucket="b", role_name="")
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HERE = Source(kind="variables")


def client_error(code: str, message: str = "no", operation: str = "PutObject", **more: Any) -> ClientError:
    headers = more.pop("headers", {})
    said: Any = {"Error": {"Code": code, "Message": message, **more}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return ClientError(said, operation)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url="https://s3.example"),
        EndpointConnectionError(endpoint_url="https://s3.example", error="refused"),
        ReadTimeoutError(endpoint_url="https://s3.example"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("half of it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_connection_is_no_end_of_a_session(error: Exception) -> None:
    """Some of these have an answer, which is None."""
    assert ending_of(error, HERE, NOON, worked=True) is None
    assert (code_of(error), status_of(error)) == (type(error).__name__, 0)


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidGrantException"]
)
def test_each_word_of_a_service_for_an_expired_session_is_known(code: str) -> None:
    found = ending_of(client_error(code), HERE, NOON)

    assert found is not None and f"the session in the environment variables has ended: {code}: no" in found.what


@pytest.mark.parametrize(
    "error",
    [
        SSOTokenLoadError(error_msg="no such file"),
        UnauthorizedSSOTokenError(),
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        RefreshWithMFAUnsupportedError(),
        RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
    ],
)
def test_each_error_of_botocore_for_an_expired_session_is_known(error: Exception) -> None:
    assert ending_of(error, HERE, NOON) is not None


@pytest.mark.parametrize(
    "error",
    [
        client_error("InvalidClientTokenId"),
        client_error("InvalidAccessKeyId"),
        client_error("400", operation="HeadObject"),
        CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
    ],
)
def test_what_may_be_a_mistake_at_the_beginning_is_the_end_of_a_session_only_after_it_was_accepted(
    error: Exception,
) -> None:
    assert ending_of(error, HERE, NOON) is None
    assert ending_of(error, HERE, NOON, worked=True) is not None


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied"),
        client_error("UnauthorizedException"),
        client_error("400", operation="PutObject"),
        client_error("400", operation="HeadBucket", headers={"x-amz-bucket-region": "eu-west-1"}),
        client_error("SignatureDoesNotMatch", "The request signature we calculated does not match"),
        BotoCoreError(),
        RuntimeError("anything else"),
    ],
)
def test_a_refusal_of_another_kind_ends_no_session(error: Exception) -> None:
    assert ending_of(error, HERE, NOON, worked=True) is None


def test_a_role_that_asks_for_a_code_says_so() -> None:
    found = ending_of(RefreshWithMFAUnsupportedError(), Source(kind="keys", name="acme"), NOON)

    assert found is not None and "new MFA code" in found.hint and "run the same command again" in found.hint


LATE = "Signature expired: 20260101T114000Z is now earlier than 20260101T115500Z (20260101T120000Z - 5 min.)"
EARLY = "Signature not yet current: 20260101T122000Z is still later than 20260101T120500Z (20260101T120000Z + 5 min.)"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            client_error("SignatureDoesNotMatch", LATE),
            "clock says 2026-01-01T11:40:00Z, and AWS's 2026-01-01T12:00:00Z",
        ),
        (client_error("InvalidSignatureException", EARLY), "it is 20 min ahead"),
        (
            client_error("RequestTimeTooSkewed", RequestTime="20260101T114000Z", ServerTime="2026-01-01T12:00:00Z"),
            "it is 20 min behind",
        ),
        (
            client_error("RequestExpired", headers={"date": "Thu, 01 Jan 2026 13:00:00 GMT"}),
            "clock says 2026-01-01T12:00:00Z, and AWS's 2026-01-01T13:00:00Z: it is 60 min behind",
        ),
    ],
)
def test_a_wrong_clock_is_told_with_both_times(error: ClientError, said: str) -> None:
    found = ending_of(error, HERE, NOON)

    assert found is not None and said in found.what and "clock" in found.hint


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 01 Jan 2026 12:01:00 GMT"])
def test_without_two_times_that_differ_no_clock_is_blamed(date: str) -> None:
    error = client_error("RequestExpired", headers={"date": date})

    assert clocks_of(error, NOON) is None
    found = ending_of(error, HERE, NOON)
    assert found is not None and "clock" not in found.what


@pytest.fixture
def there(aws_environment: dict[str, str]) -> Iterator[StandIn]:
    with stand_in() as found:
        os.environ["AWS_ENDPOINT_URL"] = found.endpoint
        yield found


def test_a_role_is_renewed_before_it_ends_and_nothing_is_said(there: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    there.seconds = 300  # less than the ten minutes before which botocore renews
    sessions = Sessions()
    client = sessions.client(SANDBOX, "s3")
    for _ in range(3):
        client.list_buckets()

    assert there.count("AssumeRole") == 3
    assert [key for _, key in there.calls if key != "testing"] == ["ROLE1", "ROLE2", "ROLE3"]
    assert (caplog.text, sessions.endings.count()) == ("", 0)


def test_a_role_behind_another_role_is_renewed_as_well(there: StandIn) -> None:
    there.seconds = 300
    through = Devops(account_id="111111111111", region="us-east-1", bucket="b", role_name="entry")
    sessions, place = Sessions(), attrs.evolve(SANDBOX, through=through)
    for _ in range(2):
        sessions.client(place, "s3").list_buckets()

    assert there.count("AssumeRole") == 4


CALLS: dict[str, Callable[[Any], Any]] = {
    "s3": lambda client: client.list_buckets(),
    "cloudformation": lambda client: client.describe_stacks(),
    "lambda": lambda client: client.list_functions(),
    "logs": lambda client: client.describe_log_groups(),
    "glue": lambda client: client.get_jobs(),
    "sqs": lambda client: client.list_queues(),
}


@pytest.mark.parametrize("service", CALLS)
def test_every_protocol_says_that_the_session_has_ended(there: StandIn, service: str) -> None:
    sessions = Sessions()
    client = sessions.client(OWN, service)
    CALLS[service](client)
    there.over.add("testing")

    with pytest.raises(SessionEnded) as caught:
        CALLS[service](client)
    assert caught.value.what.startswith("the session in the environment variables has ended: ExpiredToken")
    assert "AWS_SESSION_TOKEN" in caught.value.hint and sessions.endings.count() == 1


def test_head_of_s3_which_says_no_reason_is_understood(there: StandIn) -> None:
    sessions = Sessions()
    client = sessions.client(OWN, "s3")
    client.head_object(Bucket="b", Key="k")
    there.over.add("testing")

    with pytest.raises(SessionEnded):
        client.head_object(Bucket="b", Key="k")


def test_while_a_role_lives_it_goes_on_and_the_end_of_the_callers_session_is_noticed_without_a_word(
    there: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    there.seconds = 720  # between ten and fifteen minutes: botocore renews, but can do without
    sessions = Sessions()
    client = sessions.client(SANDBOX, "s3")
    client.list_buckets()
    there.over.add("testing")

    client.list_buckets()

    ended = sessions.endings.since(0)
    assert ended is not None and "environment variables" in ended.what
    assert caplog.text == ""


def test_a_role_that_cannot_be_renewed_says_whose_session_has_ended(there: StandIn, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile acme]\naws_access_key_id=AKACME\naws_secret_access_key=s\naws_session_token=t\n")
    os.environ.update(AWS_CONFIG_FILE=str(config), AWS_PROFILE="acme")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    sessions = Sessions()
    sessions.client(SANDBOX, "s3")
    there.over.add("AKACME")

    with pytest.raises(SessionEnded, match="the session of the profile acme has ended") as caught:
        sessions.client(SANDBOX, "s3").list_buckets()
    assert "aws configure --profile acme" in caught.value.hint


def test_a_role_whose_own_session_was_ended_is_named(there: StandIn) -> None:
    client = Sessions().client(SANDBOX, "s3")
    client.list_buckets()
    there.over.add("ROLE1")

    with pytest.raises(SessionEnded, match=r"arn:aws:iam::222222222222:role/OrganizationAccountAccessRole has ended"):
        client.list_buckets()


def test_a_clock_that_is_wrong_is_seen_by_the_date_of_the_answer(there: StandIn) -> None:
    there.over.add("testing")
    there.code, there.clock = "RequestExpired", timedelta(hours=2)

    with pytest.raises(SessionEnded, match="it is 120 min behind"):
        Sessions().caller()


def test_credentials_are_given_while_another_thread_renews_them(there: StandIn) -> None:
    """Renewing takes the lock of the sessions, so who holds that must not wait for the renewal."""
    there.seconds = 300
    sessions = Sessions()
    client = sessions.client(SANDBOX, "s3")

    def work() -> None:
        for _ in range(5):
            client.list_buckets()
            sessions.credentials(SANDBOX)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not [thread for thread in threads if thread.is_alive()]


def test_all_who_wait_for_stacks_learn_it_from_one_answer(there: StandIn) -> None:
    client = Sessions().client(OWN, "cloudformation")
    client.describe_stacks()
    there.over.add("testing")
    asked = there.count("DescribeStacks")
    naps: list[float] = []
    waiting = Waiting(client, 8)
    poller = waiting.poller = Poller(waiting, sleep=naps.append, jitter=lambda: 1.0)
    told: list[str] = []

    def wait(number: int) -> None:
        try:
            poller.wait(f"arn:{number}", lambda _: True, deadline=1e9, where="a")
        except SessionEnded as error:
            told.append(error.what)

    threads = [threading.Thread(target=wait, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # A second one for those who came after the first round had begun, and not one each.
    assert len(told) == 8 and there.count("DescribeStacks") - asked <= 2


@attrs.define
class Waiting:
    """Asks once so many wait."""

    client: Any
    many: int
    poller: Poller | None = None

    def describe_stacks(self, **parameters: Any) -> Any:
        while self.poller is not None and self.poller.waiting < self.many:
            threading.Event().wait(0.001)
        self.many = 0
        return self.client.describe_stacks(**parameters)


def test_before_the_first_answer_unknown_keys_are_an_ordinary_mistake(
    there: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    there.over.add("testing")
    there.code = "InvalidClientTokenId"

    with caplog.at_level(logging.WARNING), pytest.raises(AccountError) as caught:
        Sessions().caller()
    assert type(caught.value) is AccountError and "wrong or revoked" in caught.value.hint
