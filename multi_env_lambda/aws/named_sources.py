"""Check that what a unit names exists: topics, streams, buses and managed policies. Only descriptions are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, assert_never, get_args

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_denied, text_of
from multi_env_lambda.errors import AccountError, StackError
from multi_env_lambda.host.parallel import in_parallel

__all__ = ["LOOKED_FOR", "absent"]

LookedFor = Literal["topic", "stream", "table stream", "bus", "policy"]
LOOKED_FOR: tuple[LookedFor, ...] = get_args(LookedFor)

_ABSENT = ("NotFound", "NotFoundException", "NoSuchEntity", "ResourceNotFoundException")


def absent(
    client: Callable[[str], Any], place: str, kind: LookedFor, names: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """What does not exist, with a message and a hint.

    Raises:
        AccountError: the role lacks the permission to read.
    """
    wanted = sorted(names)
    if not wanted:
        return {}
    look, action = _look(client, kind)

    def is_absent(name: str) -> bool:
        try:
            look(name)
        except aws_errors() as error:
            if code_of(error) in _ABSENT:
                return True
            where = f"{kind} {name} in {place}"
            if is_denied(error):
                raise AccountError(where, text_of(error), hint=f"allow the environment's role {action}") from error
            raise StackError(where, text_of(error), hint="run the same command again") from error
        return False

    found = zip(wanted, in_parallel(is_absent, wanted), strict=True)
    of = "name" if kind == "bus" else "ARN"
    said = (f"there is no such {kind}", f"create it in {place}, or fix the {of}")
    return {name: said for name, gone in found if gone}


def _look(client: Callable[[str], Any], kind: LookedFor) -> tuple[Callable[[str], Any], str]:
    """The call that describes one by its name, and the permission that it needs."""
    match kind:
        case "topic":
            sns = client("sns")
            return lambda name: sns.get_topic_attributes(TopicArn=name), "sns:GetTopicAttributes"
        case "stream":
            kinesis = client("kinesis")
            return lambda name: kinesis.describe_stream_summary(StreamARN=name), "kinesis:DescribeStreamSummary"
        case "table stream":
            streams = client("dynamodbstreams")
            return lambda name: streams.describe_stream(StreamArn=name, Limit=1), "dynamodb:DescribeStream"
        case "bus":
            events = client("events")
            return lambda name: events.describe_event_bus(Name=name), "events:DescribeEventBus"
        case "policy":
            iam = client("iam")
            return lambda name: iam.get_policy(PolicyArn=name), "iam:GetPolicy"
        case _:
            assert_never(kind)
