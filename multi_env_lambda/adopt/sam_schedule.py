"""``ScheduleV2`` of SAM, a schedule of EventBridge Scheduler: it becomes the event ``scheduler``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.model.keys.scheduler import SCHEDULER
from multi_env_lambda.model.schedule import problem_with_schedule

__all__ = ["OF_A_SCHEDULE", "read_scheduled"]

OF_A_SCHEDULE = frozenset(
    {
        *("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "StartDate", "EndDate"),
        *("RetryPolicy", "DeadLetterConfig", "State", "Input", "OmitName"),
    }
)
"""The properties that are read here."""
_NUMBERS = {"MaximumRetryAttempts": "retries", "MaximumEventAgeInSeconds": "maximum_age"}


def read_scheduled(draft: Draft, function: str, what: str, node: Node) -> Mapping[str, Any] | None:
    """The table of the event; None if it cannot be one, which the report then says."""
    expression = draft.text(draft.values.of(node.get("ScheduleExpression")))
    if expression is None or problem_with_schedule(expression) is not None:
        draft.left(function, what, node, "`scheduler` is `rate(…)` or `cron(…)`: write another schedule in stack.py")
        return None
    entry: dict[str, Any] = {"scheduler": expression, **dict(_texts(draft, function, what, node))}
    window = draft.values.of(node.get("FlexibleTimeWindow"))
    if isinstance(window, Mapping) and window.get("Mode") == "FLEXIBLE":
        entry["window_minutes"] = _number(window.get("MaximumWindowInMinutes"))
    policy = draft.values.of(node.get("RetryPolicy"))
    if isinstance(policy, Mapping):
        entry |= {word: _number(policy[theirs]) for theirs, word in _NUMBERS.items() if theirs in policy}
    if (given := draft.values.of(node.get("Input"))) is not None:
        try:
            entry["payload"] = json.loads(given) if isinstance(given, str) else given
        except ValueError:
            draft.left(function, f"{what}: Input", node, "it is no JSON")
    return entry


def _texts(draft: Draft, function: str, what: str, node: Node) -> Iterator[tuple[str, str]]:
    words = {"ScheduleExpressionTimezone": "time_zone", "StartDate": "start", "EndDate": "end"}
    for theirs, word in words.items():
        if (found := node.get(theirs)) is None:
            continue
        text = _seconds(draft.text(draft.values.of(found)) or "")
        if SCHEDULER.kind(word).rule.accepts(text):  # type: ignore[union-attr]
            yield word, text
        else:
            draft.left(function, f"{what}: {theirs}", found, f"`{word}` is a text of another form")
    if (dead := node.get("DeadLetterConfig")) is not None:
        arn = draft.values.of(dead.get("Arn"))
        own = draft.own.get(draft.referred(arn))
        queue = own.key if own is not None else draft.text(arn)
        if queue is None:
            draft.left(function, f"{what}: DeadLetterConfig", dead, "write a queue, and name it in `dead_letter_queue`")
        else:
            yield "dead_letter_queue", queue


def _seconds(time: str) -> str:
    """Without parts of a second."""
    return re.sub(r"(:\d\d)\.\d+Z$", r"\1Z", time)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value
