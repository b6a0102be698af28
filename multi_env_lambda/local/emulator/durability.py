"""What was answered is on disk a moment later, not only after a clean stop.

Reason: ministack writes its state when it is told to end; a killed machine would lose all since the start. Objects in
S3 and code of functions are files anyway; contents of layers become files here, since ministack would write them into
its JSON each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from .names import load, original

__all__ = ["patch", "wrap"]

_BLOB = "__blob__"
_LARGE = 16 * 1024

_ALONE = frozenset({"sts"})
"""Services whose requests change no other service. Each command assumes roles, also one that changes nothing; saving
800 functions because of it would stop the server for a second."""

_PAUSE_SECONDS = 0.5
"""Longest time after a write without a save, and the least time between two saves beside the time a save takes."""


def wrap(application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The same ASGI application; a request that may have changed something makes a save due."""
    gateway, persistence = load("ministack.app"), load("ministack.core.persistence")
    save_all, collect = original(persistence, "save_all"), original(gateway, "_build_persistence_save_dict")
    due = asyncio.Event()
    changed: set[str] = set()
    tasks: list[asyncio.Task[None]] = []

    async def save_when_due() -> None:
        while True:
            await due.wait()
            await asyncio.sleep(_PAUSE_SECONDS)
            due.clear()
            started, services = time.monotonic(), collect()
            if changed <= _ALONE:
                services = {name: services[name] for name in changed & services.keys()}
            changed.clear()
            save_all(services)  # on the loop: no request can change the state meanwhile
            await asyncio.sleep(10 * (time.monotonic() - started))

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not tasks:
            tasks.append(asyncio.create_task(save_when_due()))
        await application(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            changed.add(_service(scope))
            due.set()

    return serve


def _service(scope: Any) -> str:
    """The service that a request was signed for, or nothing."""
    signed = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    found = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request", signed)
    return found[1] if found else ""


def patch(folder: Path) -> None:
    """Large byte strings of the state go to files of their own in ``folder``, named by content and written once."""
    persistence = load("ministack.core.persistence")
    encode, decode = original(persistence, "_json_default"), original(persistence, "_json_object_hook")
    folder.mkdir(exist_ok=True)
    written: dict[int, tuple[bytes, str]] = {}  # by identity: hashing 60 MB for each save would be slow
    loaded: dict[str, bytes] = {}

    def to_json(value: Any) -> Any:
        if not isinstance(value, bytes) or len(value) < _LARGE:
            return encode(value)
        if id(value) not in written:
            written[id(value)] = (value, _write_blob(folder, value))
        return {_BLOB: written[id(value)][1]}

    def from_json(value: dict[str, Any]) -> Any:
        if set(value) != {_BLOB}:
            return decode(value)
        name = value[_BLOB]
        if name not in loaded:
            loaded[name] = (folder / name).read_bytes()
            written[id(loaded[name])] = (loaded[name], name)
        return loaded[name]

    persistence._json_default, persistence._json_object_hook = to_json, from_json
    _keep_sessions(load("ministack.services.sts"))


def _keep_sessions(sts: Any) -> None:
    """Somebody who assumed a role an hour ago goes on working after the server was started again.

    Sessions of functions have no end, and are made anew by the next call with the secret of that start.
    """
    sessions, is_expired = original(sts, "_sessions"), original(sts, "_session_expired")
    for name in ("get_state", "load_persisted_state"):
        original(sts, name)

    def lasting(found: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in found.items() if "Expiration" in value and not is_expired(value)}

    sts.get_state = lambda: {"sessions": lasting(dict(sessions))}
    sts.load_persisted_state = lambda data: sessions.update(lasting(data.get("sessions", {})))


def _write_blob(folder: Path, content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    if not (folder / name).exists():
        scratch = folder / f"{name}.tmp"
        scratch.write_bytes(content)
        scratch.replace(folder / name)
    return name
