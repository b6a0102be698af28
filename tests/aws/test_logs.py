"""What a function has written, as CloudWatch Logs tells it: moto answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from multi_env_lambda.aws.logs import group_of, recent_lines

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
