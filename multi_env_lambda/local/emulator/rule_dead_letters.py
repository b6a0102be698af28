"""An event that a rule cannot deliver goes to the target's dead-letter queue, with the reason.

Reason: ministack writes a line to its log, and the event is lost.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (attributes and error codes). On AWS
what may be tried again is tried for a day first; a target that is not there is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]


def patch() -> None:
    """Check that a queue or function exists before an event is delivered to it."""
    events = load("ministack.services.eventbridge")
    invoke, view_of = original(events, "_invoke_target"), original(events, "_pattern_event_view")
    send = original(events, "_dispatch_to_sqs")

    def invoked(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> Any:
        arn, dead = str(target.get("Arn", "")), str((target.get("DeadLetterConfig") or {}).get("Arn", ""))
        if not dead or _is_there(arn):
            return invoke(target, event, rule, view)
        seen = view or view_of(event)
        send(original(events, "parse_arn")(dead), json.dumps(seen.event_with_detail()), {})
        _explain(dead, str(rule.get("Arn", "")), arn)
        return None

    events._invoke_target = invoked


def _is_there(arn: str) -> bool:
    """Only queues and functions can be checked here."""
    if ":sqs:" in arn:
        events = load("ministack.services.eventbridge")
        return original(load("ministack.services.sqs"), "_queue_by_arn")(str(events.parse_arn(arn))) is not None
    if ":lambda:" in arn:
        return bool(original(load("ministack.services.lambda_svc"), "_get_func_record_for_ref")(arn)[0])
    return True


def _explain(dead: str, rule: str, target: str) -> None:
    queue = original(load("ministack.services.sqs"), "_queue_by_arn")(dead)
    if not queue or not queue["messages"]:
        return
    told = {"RULE_ARN": rule, "TARGET_ARN": target, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "it is not there"}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    queue["messages"][-1]["message_attributes"] = attributes
