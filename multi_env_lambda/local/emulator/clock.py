"""One clock for everything that takes time on AWS; tests can move it forward.

Reason: metrics arrive minutes late and a lease expires after a minute of silence, but no test may wait for that.

It moves the ``Date`` header of every response and the modification time of S3 objects, by which leases are judged;
CloudWatch's timestamps and delays; when a rule with a schedule is due; and the rules about delayed visibility. It does
not move signatures and the expiry of credentials, because clients sign by this machine's clock.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .messages import answer, joined, read
from .names import load, original

__all__ = ["DOOR", "Clock", "patch", "wrap"]

DOOR = "/_ministack/clock"
"""GET tells the time, POST ``{"seconds": N}`` moves it; both answer ``{"now": seconds since 1970}``."""

_LONGEST_SECONDS = 7 * 24 * 3600.0

_Application = Callable[..., Awaitable[None]]


class Clock:
    """Ahead of this machine's clock by the total of all moves; ``kept`` is a file, so that a restart does not go back
    in time.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._ahead = float(json.loads(kept.read_text(encoding="ascii"))) if kept.is_file() else 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def move(self, seconds: float) -> None:
        """Move it forward; ``seconds`` is finite and not negative."""
        self._ahead += seconds
        scratch = self._kept.with_suffix(".tmp")
        scratch.write_text(json.dumps(self._ahead), encoding="ascii")
        scratch.replace(self._kept)


def patch(clock: Clock) -> None:
    """Make CloudWatch, EventBridge, S3 and the header of every response use ``clock``."""
    gateway, s3, cloudwatch = (load(f"ministack.{name}") for name in ("app", "services.s3", "services.cloudwatch"))
    events = load("ministack.services.eventbridge")
    for module, name in ((gateway, "formatdate"), (s3, "now_iso"), (cloudwatch, "time"), (events, "_now_ts")):
        original(module, name)
    gateway.formatdate = lambda usegmt=True: formatdate(clock.now(), usegmt=usegmt)
    s3.now_iso = lambda: _iso(clock.now())
    events._now_ts = clock.now
    cloudwatch.time = SimpleNamespace(**{**vars(time), "time": clock.now})


def wrap(application: _Application, clock: Clock) -> _Application:
    """The same ASGI application with an endpoint that moves the clock; the caller has been authorised already."""

    async def with_door(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != DOOR:
            return await application(scope, receive, send)
        seconds = _wanted(joined(await read(receive))) if scope["method"] == "POST" else 0.0
        if seconds is None:
            return await _say(send, 400, {"message": "seconds must be a number from 0 to 604800"})
        clock.move(seconds)
        await _say(send, 200, {"now": clock.now()})

    return with_door


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wanted(body: bytes) -> float | None:
    try:
        seconds = float(json.loads(body)["seconds"])
    except (ValueError, TypeError, KeyError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST_SECONDS else None


async def _say(send: Any, status: int, content: dict[str, Any]) -> None:
    await answer(send, status, {"Content-Type": "application/json"}, json.dumps(content))
