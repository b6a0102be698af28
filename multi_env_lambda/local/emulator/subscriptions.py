"""A subscription needs an existing topic, a FIFO topic needs a queue, and a filter policy must respect SNS's limits.

Reason: ministack's CloudFormation silently creates subscriptions to nothing, and accepts any filter policy.
Source: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
Texts: localstack/localstack#12174 (no topic), hashicorp/terraform#28632 (FIFO), and moto's and LocalStack's policies,
whose tests were recorded at AWS; of numbers no text is known. How SNS counts inside of ``$or`` is not said.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_KEYS, _COMBINATIONS, _NUMBER = 5, 150, 10**9
_INVALID = "Invalid parameter: "


def patch() -> None:
    """Check a subscription before it is created or changed, through the API or CloudFormation."""
    sns = load("ministack.services.sns")
    subscribe, parameter, refuse = original(sns, "_subscribe"), original(sns, "_p"), original(sns, "_error")

    def checked(parameters: Any) -> Any:
        given = {name: parameter(parameters, name) for name in ("Protocol", "TopicArn")}
        number = 1
        while key := parameter(parameters, f"Attributes.entry.{number}.key"):
            given[key] = parameter(parameters, f"Attributes.entry.{number}.value")
            number += 1
        for problem in _of_policy(given):
            return refuse("InvalidParameter", problem, 400)
        return subscribe(parameters)

    sns._subscribe = checked
    check_first("AWS::SNS::Subscription", _check)


def _check(properties: Mapping[str, Any]) -> None:
    topic = str(properties.get("TopicArn", ""))
    if topic.split(":")[4:5] == [load("ministack.core.responses").get_account_id()] and not _is_there(topic):
        raise ValueError("Topic does not exist (Service: Sns, Status Code: 404)")
    for problem in _of_policy(properties):
        raise ValueError(f"{problem} (Service: Sns, Status Code: 400)")


def _is_there(arn: str) -> bool:
    """In any region."""
    return any(topic.get("arn") == arn for topic in original(load("ministack.services.sns"), "_topics")._data.values())


def _of_policy(wanted: Mapping[str, Any]) -> Iterator[str]:
    if str(wanted.get("TopicArn", "")).endswith(".fifo") and wanted.get("Protocol") != "sqs":
        yield f"{_INVALID}Invalid protocol type: {wanted.get('Protocol')}"
    policy = _read(wanted.get("FilterPolicy"))
    leaves = list(_leaves(policy, 1))
    is_nested = any(isinstance(value, dict) for value in policy.values())
    if is_nested and (wanted.get("FilterPolicyScope") or "MessageAttributes") == "MessageAttributes":
        yield f"{_INVALID}Filter policy scope MessageAttributes does not support nested filter policy"
    if len(leaves) > _KEYS and "$or" not in json.dumps(policy):
        yield f"{_INVALID}FilterPolicy: Filter policy can not have more than {_KEYS} keys"
    if math.prod(len(values) * depth for values, depth in leaves) > _COMBINATIONS:
        yield f"{_INVALID}FilterPolicy: Filter policy is too complex"
    if any(abs(number) > _NUMBER for values, _ in leaves for number in _numbers(values)):
        yield f"{_INVALID}FilterPolicy: Numeric values must be between -{_NUMBER} and {_NUMBER}"


def _read(policy: Any) -> dict[str, Any]:
    try:
        found = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _leaves(policy: Mapping[str, Any], depth: int) -> Iterator[tuple[list[Any], int]]:
    for key, value in policy.items():
        if isinstance(value, dict):
            yield from _leaves(value, depth + 1)
        elif isinstance(value, list) and key != "$or":
            yield value, depth


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _numbers(each)
