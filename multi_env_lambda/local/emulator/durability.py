"""A response is sent only after its effects are on disk, and no record exists before what it refers to.

Reason: ministack saves its state when it is asked to stop, so a killed machine would lose everything since the start.
Objects in S3 are files at once, so after a kill a record could refer to a stack that is gone.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from .names import load, original
from .state_file import Save

__all__ = ["wrap"]

_Application = Callable[..., Awaitable[None]]

_ALONE = frozenset({"sts"})
"""Services whose requests change no other service. Each command assumes roles, also one that changes nothing; saving
800 functions because of it would stop the server for a second."""

_PAUSE_SECONDS = 0.5
"""Longest time that a change is not on disk while nobody waits for it."""

_CHEAP_SECONDS = 0.05
"""While a save takes no longer (about 100 stacks), every answer to a change waits for one. In a larger state only
writes to S3 wait, which is where records are. Of processor time: others who use the machine make no state larger."""

_WHOLE_SECONDS = 5.0
"""How long a save waits for the stacks' operations to end: nobody could go on with half of one."""

_READS = re.compile(
    r"(BatchGet|Describe|Detect|Estimate|Filter|Get|Head|List|Lookup|Query|Scan|Search|Select|Simulate|Validate)[A-Z]"
)
_NEVER_WAITS = re.compile(
    r"/[0-9-]+/functions/[^/]+/(invocations|invoke-async|response-streaming-invocations)/?|/_(aws|ministack)/.*"
)
"""A function's result is no state, and a custom resource's answer is what a stack, and so a save, waits for."""
_FORM = b"application/x-www-form-urlencoded"


class _Saver:
    """One save for everybody who waits; ``_asked`` counts requests that may have changed something."""

    def __init__(self, save: Save, collect: Callable[[], dict[str, Any]], stacks: Any) -> None:
        self._save, self._collect, self._stacks = save, collect, stacks
        self._asked, self._saved, self._took = 0, 0, 0.0
        self._failure: Exception | None = None
        self._changed: set[str] = set()
        self._given_up: set[tuple[str, str]] = set()
        self._due, self._urgent = asyncio.Event(), asyncio.Event()
        self._done = asyncio.Condition()

    @property
    def is_cheap(self) -> bool:
        return self._took < _CHEAP_SECONDS

    def note(self, service: str) -> None:
        self._asked += 1
        self._changed.add(service)
        self._due.set()

    async def on_disk(self) -> None:
        """Return when everything requested so far is on disk. Raises if it cannot be written."""
        wanted = self._asked
        async with self._done:
            while self._saved < wanted:
                self._urgent.set()
                await self._done.wait()
            if self._failure:
                raise self._failure

    def in_progress(self) -> set[tuple[str, str]]:
        """The stacks with an unfinished operation, each with its start time."""
        return {
            (str(stack.get("StackId")), str(stack.get("LastUpdatedTime")))
            for stack in self._stacks._data.values()
            if str(stack.get("StackStatus")).endswith("_IN_PROGRESS")
            and stack.get("StackStatus") != "REVIEW_IN_PROGRESS"
        }

    async def run(self) -> None:
        while True:
            await self._due.wait()
            await self._until_urgent(_PAUSE_SECONDS)
            await self._until_whole()
            self._urgent.clear()
            self._due.clear()
            covers, started = self._asked, time.monotonic()
            self._write()
            async with self._done:
                self._saved = covers
                self._done.notify_all()
            if self.in_progress():
                self.note("cloudformation")  # nobody may ask again, and it will have changed something
            await self._until_urgent(10 * (time.monotonic() - started))

    def _write(self) -> None:
        """Runs on the event loop, so that no request can change the state meanwhile."""
        started, services, is_small = time.thread_time(), self._collect(), self._changed <= _ALONE
        if is_small:
            services = {name: services[name] for name in self._changed & services.keys()}
        self._changed.clear()
        try:
            self._save(services)
            self._failure = None
        except Exception as error:  # noqa: BLE001 -- the waiting caller gets it, and the next save may work
            logging.getLogger("multi_env_lambda").error("the state could not be saved: %s", error)
            self._failure = error
        if not is_small:
            self._took = time.thread_time() - started

    async def _until_urgent(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._urgent.wait(), seconds)

    async def _until_whole(self) -> None:
        """A long operation, such as one that waits for a custom resource, is waited for once."""
        deadline = time.monotonic() + _WHOLE_SECONDS
        while self.in_progress() - self._given_up:
            if time.monotonic() > deadline:
                self._given_up = self.in_progress()
            await asyncio.sleep(0.005)


def wrap(application: _Application, save: Save) -> _Application:
    """The same ASGI application; its responses wait for the disk."""
    gateway, persistence = load("ministack.app"), load("ministack.core.persistence")
    for name in ("load_state", "save_all"):
        if original(gateway, name) is not original(persistence, name):
            raise SystemExit(f"ministack.app has loaded {name} before it was patched")
    stacks = original(load("ministack.services.cloudformation"), "_stacks")
    savers: list[_Saver] = []
    tasks: list[asyncio.Task[None]] = []

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return await application(scope, receive, send)
        if not savers:
            savers.append(_Saver(save, original(gateway, "_build_persistence_save_dict"), stacks))
            tasks.append(asyncio.create_task(savers[0].run()))
        await _change(savers[0], application, scope, receive, send)

    return serve


async def _change(saver: _Saver, application: _Application, scope: Any, receive: Any, send: Any) -> None:
    service, action, kept = _service(scope), _Action(scope, receive), []
    # A stack may wait for a function (a custom resource), and a save for the stack: this one cannot wait for the save.
    is_awaited = bool(saver.in_progress()) and _is_of_function(scope)
    is_object = service == "s3" and "/" in scope["path"].strip("/")
    if service == "s3" and not is_awaited:
        await saver.on_disk()
    holds = not is_awaited and not is_object and not _NEVER_WAITS.fullmatch(scope["path"])
    holds = holds and (saver.is_cheap or service == "s3")

    async def keep(message: Any) -> None:
        kept.append(message)

    await application(scope, action.receive, keep if holds else send)
    if not _READS.match(action.name()):
        saver.note(service)
        if holds:
            await saver.on_disk()
    for message in kept:
        await send(message)


def _is_of_function(scope: Any) -> bool:
    """Only the sessions of functions do not expire."""
    found = re.search(r"Credential=(ASIA\w+)/", dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
    session = load("ministack.services.sts")._sessions.get(found[1]) if found else None
    return session is not None and "Expiration" not in session


class _Action:
    """The operation that a request asks for, from its header or the beginning of its form."""

    def __init__(self, scope: Any, receive: Any) -> None:
        self._headers, self._receive, self._start = dict(scope["headers"]), receive, b""

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request" and not self._start:
            self._start = message.get("body", b"")[:4096]
        return message

    def name(self) -> str:
        target = str(self._headers.get(b"x-amz-target", b"").decode("latin-1"))
        if target:
            return target.rpartition(".")[2]
        if not self._headers.get(b"content-type", b"").startswith(_FORM):
            return ""
        found = re.search(rb"(?:^|&)Action=([A-Za-z]+)", self._start)
        return found[1].decode("ascii") if found else ""


def _service(scope: Any) -> str:
    """The service that a request was signed for, if any."""
    headers = dict(scope["headers"])
    signed = headers.get(b"authorization", b"").decode("latin-1")
    signed += scope.get("query_string", b"").decode("latin-1").replace("%2F", "/")
    found = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request", signed)
    return found[1] if found else ""
