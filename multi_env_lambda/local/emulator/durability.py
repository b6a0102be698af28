"""What was answered is on disk a moment later, not only after a clean stop.

Reason: ministack writes its state when it is told to end; a killed machine would lose all since the start. Objects in
S3 and code of functions are files anyway, so that a save costs milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .names import load, original

__all__ = ["wrap"]

_PAUSE_SECONDS = 0.5
"""Longest time after a write without a save, and the least time between two saves beside the time a save takes."""


def wrap(application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The same ASGI application; a request that may have changed something makes a save due."""
    gateway, persistence = load("ministack.app"), load("ministack.core.persistence")
    save_all, collect = original(persistence, "save_all"), original(gateway, "_build_persistence_save_dict")
    due = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def save_when_due() -> None:
        while True:
            await due.wait()
            await asyncio.sleep(_PAUSE_SECONDS)
            due.clear()
            started = time.monotonic()
            save_all(collect())  # on the loop: no request can change the state meanwhile
            await asyncio.sleep(10 * (time.monotonic() - started))

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not tasks:
            tasks.append(asyncio.create_task(save_when_due()))
        await application(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            due.set()

    return serve
