"""IAM evaluates what a PutEvents request sends: a policy can allow events of one source and some kinds alone.

Reason: ministack passes neither source nor kind to its policy evaluator, so a condition that requires them is never
met, and one that forbids them forbids nothing. One request has several events, and each key has a value of each.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_KEYS = {"Source": "events:source", "DetailType": "events:detail-type"}


def patch() -> None:
    """Add EventBridge's condition keys to the context of a request."""
    actions = load("ministack.core.iam_actions")
    context_of = original(actions, "request_tag_context")

    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        return {**context, **_keys(body)} if action == "events:PutEvents" else context

    actions.request_tag_context = told


def _keys(body: bytes) -> dict[str, list[str]]:
    """Of each event; what one leaves out is no value."""
    try:
        entries = json.loads(body).get("Entries") or ()
    except (ValueError, AttributeError):
        return {}
    events = [entry for entry in entries if isinstance(entry, Mapping)]
    found = {key: [str(one[name]) for one in events if one.get(name)] for name, key in _KEYS.items()}
    return {key: values for key, values in found.items() if values}
