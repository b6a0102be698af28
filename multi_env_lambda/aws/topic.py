"""The topic for people.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.errors import ToolError

__all__ = ["Topic"]

_LONGEST_SUBJECT = 99
"""Less than 100 characters of ASCII, the first of which is a letter, a number or punctuation."""
_LONGEST = 100_000
_HINT = "run `bootstrap devops` again: it makes the topic, and lets builds write to it"


class Topic:
    """Publishes to one topic."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client, self._arn = client, arn

    def publish(self, subject: str, text: str) -> None:
        """Tell everybody who has subscribed.

        Raises:
            ToolError: SNS does not take it.
        """
        plain = subject.encode("ascii", "replace").decode("ascii")[:_LONGEST_SUBJECT]
        try:
            self._client.publish(TopicArn=self._arn, Subject=plain, Message=text[:_LONGEST])
        except aws_errors() as error:
            raise ToolError("the topic for people", text_of(error), hint=_HINT) from error
