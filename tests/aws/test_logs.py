"""What a function has written, as CloudWatch Logs tells it: moto answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.logs import group_now, group_of, recent_lines
from multi_env_lambda.errors import StackError

GROUP = group_of("orders-sandbox-create")
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("logs", region_name="us-east-1")


def write(client: Any, stream: str, *lines: tuple[int, str]) -> None:
    client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [
        {"timestamp": int((NOW - timedelta(minutes=ago)).timestamp() * 1000), "message": text} for ago, text in lines
    ]
    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_a_group_that_is_not_there_yet_has_nothing(client: Any) -> None:
    assert recent_lines(client, GROUP, since=NOW) == ()


def test_lines_of_all_streams_come_in_order_and_older_ones_stay_away(client: Any) -> None:
    client.create_log_group(logGroupName=GROUP)
    write(client, "one", (20, "too old"), (3, "second\n"))
    write(client, "two", (4, "first"), (1, "third"))

    lines = recent_lines(client, GROUP, since=NOW - timedelta(minutes=10))

    assert [line.text for line in lines] == ["first", "second", "third"]
    assert lines[0].when == (NOW - timedelta(minutes=4)).isoformat(timespec="milliseconds")


class Lambda:
    """Answers as Lambda does: with what it is made of, or with the code of an error."""

    def __init__(self, answer: dict[str, Any], error: str = "") -> None:
        self.answer, self.error = answer, error

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": FunctionName}}, "GetFunctionConfiguration")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "error", "group"),
    [
        ({"LoggingConfig": {"LogGroup": "/acme/orders", "LogFormat": "JSON"}}, "", "/acme/orders"),
        ({"LoggingConfig": {"LogFormat": "Text"}}, "", GROUP),
        ({}, "", GROUP),
        ({}, "ResourceNotFoundException", GROUP),
    ],
    ids=["of its own", "no group", "nothing", "gone, and its log stays"],
)
def test_what_a_function_writes_is_read_where_it_writes_it(answer: dict[str, Any], error: str, group: str) -> None:
    assert group_now(Lambda(answer, error), "orders-sandbox-create") == group


def test_a_function_that_may_not_be_asked_for_is_an_error_of_ours() -> None:
    with pytest.raises(StackError, match="function orders-sandbox-create"):
        group_now(Lambda({}, "AccessDeniedException"), "orders-sandbox-create")
