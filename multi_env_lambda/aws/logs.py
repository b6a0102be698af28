"""What a function has written to its log group in CloudWatch Logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import account_error, aws_errors, code_of, text_of
from multi_env_lambda.errors import StackError

__all__ = ["LogLine", "group_now", "group_of", "recent_lines"]


@attrs.frozen(kw_only=True)
class LogLine:
    """One event of a log: when, as ISO 8601 in UTC, its text, and the key of the function.

    ``id`` is CloudWatch's own, and tells two equal lines apart.
    """

    when: str
    text: str
    function: str = ""
    id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {"when": self.when, "function": self.function, "text": self.text}

    def __repr__(self) -> str:
        return f"{self.when} {self.function}{': ' if self.function else ''}{self.text}"

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.render import html_of

        return html_of(repr(self))


def group_of(function_name: str) -> str:
    """Where Lambda writes, unless a template says otherwise.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    """
    return f"/aws/lambda/{function_name}"


def group_now(client: Any, function_name: str) -> str:
    """Where a function writes as it is now: a ``stack.py`` may have given it a group of its own (``LoggingConfig``).

    Args:
        client: of Lambda.

    Raises:
        StackError: Lambda does not answer.
        AccountError: the role may not ask.
    """
    try:
        found = client.get_function_configuration(FunctionName=function_name).get("LoggingConfig", {})
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return group_of(function_name)  # its log stays when it goes
        known = account_error(f"function {function_name}", error)
        raise known or StackError(f"function {function_name}", text_of(error), hint="run it again") from error
    return str(found.get("LogGroup") or group_of(function_name))


def recent_lines(client: Any, group: str, *, since: datetime) -> tuple[LogLine, ...]:
    """All events of a log group from ``since`` on, oldest first. A group that does not exist yet has none.

    Raises:
        StackError: CloudWatch Logs does not respond.
        AccountError: the role may not read them.
    """
    pages = client.get_paginator("filter_log_events")
    try:
        answers = pages.paginate(logGroupName=group, startTime=int(since.timestamp() * 1000))
        events = [event for answer in answers for event in answer["events"]]
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return ()
        known = account_error(f"log group {group}", error)
        raise known or StackError(f"log group {group}", text_of(error), hint="run the same command again") from error
    events.sort(key=lambda event: (event["timestamp"], event.get("ingestionTime", 0)))
    return tuple(
        LogLine(
            when=datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat(timespec="milliseconds"),
            text=str(event["message"]).rstrip("\n"),
            id=str(event.get("eventId", "")),
        )
        for event in events
    )
