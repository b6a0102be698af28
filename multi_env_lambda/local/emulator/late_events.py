"""EventBridge receives a bucket's events about five minutes after they were enabled.

Reason: ministack sends them at once, so an object that is stored right after the first deployment starts a function
here, but not on AWS.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["LATE_SECONDS", "patch"]

LATE_SECONDS = 300.0
_SWITCH = "EventBridgeConfiguration"


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970; what was enabled before the server started is old."""
    s3, events = load("ministack.services.s3"), load("ministack.services.eventbridge")
    put, kept = original(s3, "_put_bucket_notification"), original(s3, "_bucket_notifications")
    send = original(events, "_dispatch_event")
    switched: dict[str, float] = {}

    def set_up(name: str, *more: Any) -> Any:
        was_on = _SWITCH in (kept.get(name) or "")
        answer = put(name, *more)
        if not was_on and _SWITCH in (kept.get(name) or ""):
            switched[name] = now()
        return answer

    def sent(event: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        name = event["Resources"][0].rpartition(":")[2] if event.get("Source") == "aws.s3" else ""
        if now() - switched.get(name, 0.0) < LATE_SECONDS:
            return None
        return send(event, *more, **named)

    s3._put_bucket_notification, events._dispatch_event = set_up, sent
