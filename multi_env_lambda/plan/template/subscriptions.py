"""What SNS would refuse in a subscription in the middle of a deploy:

FIFO topics, and filter policies beyond its limits.

Sources: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html and
https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_subscriptions"]

_MOST_KEYS = 5
_MOST_COMBINATIONS = 150
_LARGEST = 10**9

_Problem = tuple[str, str]
"""What is wrong, and a hint."""


def check_subscriptions(resources: Json, where: str) -> None:
    """Raise the first thing in a subscription that SNS would refuse."""
    for name, body in sorted(resources.items()):
        if body["Type"] != "AWS::SNS::Subscription":
            continue
        properties = body.get("Properties", {})
        if _is_fifo(properties.get("TopicArn"), resources) and properties.get("Protocol") not in ("sqs", None):
            what = f"Resources.{name}: a FIFO topic delivers only to queues, but this is {properties['Protocol']}"
            raise ConfigurationError(where, what, hint="subscribe a queue to it, and let the function read the queue")
        policy = _policy(properties.get("FilterPolicy"))
        is_of_attributes = properties.get("FilterPolicyScope", "MessageAttributes") == "MessageAttributes"
        for what, hint in _problems(policy, is_of_attributes=is_of_attributes):
            raise ConfigurationError(where, f"Resources.{name}.FilterPolicy: {what}", hint=hint)


def _is_fifo(topic: Any, resources: Json) -> bool:
    match topic:
        case str():
            return topic.endswith(".fifo")
        case {"Ref": str(made)}:
            return resources.get(made, {}).get("Properties", {}).get("FifoTopic") is True
        case _:
            return False


def _policy(value: Any) -> Json:
    """As a table; empty if it is computed or cannot be read."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    is_table = isinstance(found, dict) and not (len(found) == 1 and str(*found).startswith(("Ref", "Fn::")))
    return found if is_table else {}


def _problems(policy: Json, *, is_of_attributes: bool) -> Iterator[_Problem]:
    leaves = list(_leaves(policy, 1))
    if is_of_attributes and any(isinstance(value, dict) for value in policy.values()):
        hint = "attributes have no nested fields; use only attributes"
        yield "it has a nested table, but it filters message attributes", hint
    if len(leaves) > _MOST_KEYS and not _has_or(policy):
        yield f"found {len(leaves)} keys; SNS accepts {_MOST_KEYS}", "filter by fewer of them"
    combinations = math.prod(len(values) * depth for _, values, depth in leaves)
    if combinations > _MOST_COMBINATIONS:
        hint = "use fewer values, or match them with `prefix`; the numbers of values are multiplied"
        yield f"it has {combinations:,} combinations of values; SNS accepts {_MOST_COMBINATIONS}", hint
    for key, values, _ in leaves:
        for number in _numbers(values):
            if abs(number) > _LARGEST:
                yield f"{key}: found {number}; SNS compares numbers up to {_LARGEST:,}", "send it as a text"


def _leaves(policy: Json, depth: int) -> Iterator[tuple[str, list[Any], int]]:
    """The keys with a list of values, the list, and their depth."""
    for key, value in policy.items():
        match value:
            case dict():
                yield from _leaves(value, depth + 1)
            case list() if key == "$or":
                continue  # how SNS counts in there is not documented
            case list():
                yield key, value, depth
            case _:
                continue


def _has_or(policy: Json) -> bool:
    return "$or" in policy or any(isinstance(value, dict) and _has_or(value) for value in policy.values())


def _numbers(value: Any) -> Iterator[float]:
    match value:
        case bool():
            return
        case int() | float():
            yield value
        case dict():
            for each in value.values():
                yield from _numbers(each)
        case list():
            for each in value:
                yield from _numbers(each)
        case _:
            return
