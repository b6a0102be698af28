"""EventBridge refuses patterns that are invalid or too long, and inputs that are too long, through every API.

The countdown of a rate begins when its rule is created.

Reason: ministack checks patterns only in PutRule, so a stack can contain an operator that does not exist; and a rule of
a stack has no time of creation, so that its countdown began with the next look of ministack's scheduler.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (2,048 characters, 4,096 where raised), of inputs
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
Text: https://github.com/getmoto/moto/blob/master/tests/test_events/test_events.py (of what cannot be read)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_RULE = "AWS::Events::Rule"
_LONGEST = 2048
_LONGEST_INPUT = 8192
_REFUSED = (
    'Resource handler returned message: "Event pattern is not valid. Reason: {reason} (Service: EventBridge, Status '
    'Code: 400)" (HandlerErrorCode: InvalidRequest)'
)
_INPUT_TOO_LONG = (
    "1 validation error detected: Value at 'targets.{number}.member.input' failed to satisfy constraint: Member must "
    "have length less than or equal to {longest} (Service: EventBridge, Status Code: 400)"
)
_NO_BUS = (
    'Resource handler returned message: "Event bus {name} does not exist. (Service: EventBridge, Status Code: 400)" '
    "(HandlerErrorCode: NotFound)"
)
_TOO_LONG = "the pattern has {length} characters, expected at most {longest}"


def patch() -> None:
    """Check a rule's pattern before the rule is created or changed."""
    events = load("ministack.services.eventbridge")
    find = original(events, "_event_pattern_error")

    def problem(pattern: Any) -> str | None:
        if isinstance(pattern, str) and len(pattern) > _LONGEST:
            return _TOO_LONG.format(length=len(pattern), longest=_LONGEST)
        found: str | None = find(pattern)
        return found

    def check(properties: Mapping[str, Any]) -> None:
        _refuse_unless_there(original(events, "_event_buses"), str(properties.get("EventBusName") or "default"))
        reason = problem(_text(properties))
        if reason:
            raise ValueError(_REFUSED.format(reason=reason))
        for number, target in enumerate(properties.get("Targets", []), start=1):
            if len(str(target.get("Input", ""))) > _LONGEST_INPUT:
                raise ValueError(_INPUT_TOO_LONG.format(number=number, longest=_LONGEST_INPUT))

    events._event_pattern_error = problem
    check_first(_RULE, check)
    _date(events)


def _date(events: Any) -> None:
    """Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html (rate)"""
    provisioners = load("ministack.services.cloudformation.provisioners")
    steps = original(provisioners, "_RESOURCE_HANDLERS")[_RULE]
    create, bus_of, now = steps["create"], original(provisioners, "_eb_rule_bus_name"), original(events, "_now_ts")

    def dated(logical_id: str, properties: Mapping[str, Any], *more: Any) -> Any:
        made = create(logical_id, properties, *more)
        events._rules[events._rule_key(made[0], bus_of(properties))]["CreationTime"] = now()
        return made

    provisioners._RESOURCE_HANDLERS[_RULE] = {**steps, "create": dated}


def _refuse_unless_there(buses: Any, bus: str) -> None:
    """Nothing is known here about other accounts or regions."""
    responses = load("ministack.core.responses")
    here = f"arn:aws:events:{responses.get_region()}:{responses.get_account_id()}:event-bus/"
    name = bus.removeprefix(here)
    if name != "default" and not name.startswith("arn:") and name not in buses:
        raise ValueError(_NO_BUS.format(name=name))


def _text(properties: Mapping[str, Any]) -> Any:
    pattern = properties.get("EventPattern", "")
    return json.dumps(pattern, separators=(",", ":")) if isinstance(pattern, dict) else pattern
