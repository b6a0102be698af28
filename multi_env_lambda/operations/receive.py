"""The receiver of webhooks: a signed request becomes an event on the bus, and the answer says what became of it.

A delivery is marked before it is sent and again afterwards, each time by one conditional write. Only the second mark
keeps a repetition from being sent: so what ended in between, or did not reach the bus, is sent by the next one. Two
that come at the same moment may both be sent, which asks for the same look twice (``ci/wanted.py``). A repetition has
the id and the body of the first: two hosts do not sign the id, so it alone could be used to have another one dropped.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from typing import Final

import attrs

from multi_env_lambda.ci.webhook import (
    Arrived,
    Delivery,
    Ignored,
    Refused,
    arrived,
    delivery_of,
    is_signed,
)
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.ci_stack import DELIVERIES
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.webhook import WebhookHost

__all__ = ["Answer", "Kept", "Receiver", "receive"]

_TAKEN, _SENT = b'{"state":"taken"}\n', b'{"state":"sent"}\n'
_SECONDS_KEPT: Final = 60.0


@attrs.frozen(kw_only=True)
class Answer:
    """What the Git host gets: a status, and a sentence that has nothing of the request in it."""

    status: int
    text: str


@attrs.frozen(kw_only=True)
class Receiver:
    """What a receiver has.

    Args:
        secrets: the keys that signatures are checked with. send: puts an event on the bus.
        marks: where deliveries are remembered. now: seconds since 1970.
    """

    host: WebhookHost
    secrets: Callable[[], tuple[bytes, ...]]
    marks: ObjectStore
    send: Callable[[Delivery], None]
    now: Callable[[], float] = time.time


@attrs.define
class Kept:
    """Secrets that are read again after a minute, so that a new one counts soon and no request costs a call."""

    read: Callable[[], tuple[bytes, ...]] = attrs.field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _found: tuple[bytes, ...] = attrs.field(default=(), init=False, repr=False)
    _until: float = attrs.field(default=0.0, init=False)

    def __call__(self) -> tuple[bytes, ...]:
        if not self._found or self.clock() >= self._until:
            self._found = self.read()
            self._until = self.clock() + _SECONDS_KEPT
        return self._found


def receive(receiver: Receiver, request: object) -> Answer:
    """Answer one request as a function URL passes it. Whatever fails is an answer, which the host shows."""
    found = arrived(receiver.host, request)
    if isinstance(found, Refused):
        return _said("a request", found.status, found.reason)
    try:
        return _receive(receiver, found)
    except Exception as raised:
        error = as_ours("the receiver", raised)
        log = logging.getLogger(__name__)
        log.warning("%s: %s: not received: %s: %s", found.id, found.kind, error.where, error.what)
        return Answer(status=503, text="not received: the log of the receiver says why; deliver it again")


def _receive(receiver: Receiver, request: Arrived) -> Answer:
    name = f"{request.id}: {request.kind}"
    if not is_signed(request, receiver.secrets(), receiver.now()):
        return _said("a request", 401, "the signature is not that of the secret, or is older than five minutes")
    match delivery_of(request):
        case Refused(status=status, reason=reason):
            return _said(name, status, reason)
        case Ignored(reason=reason):
            return _said(name, 200, reason)
        case Delivery() as delivery:
            return _send(receiver, request, delivery, name)


def _send(receiver: Receiver, request: Arrived, delivery: Delivery, name: str) -> Answer:
    marks, key = receiver.marks, f"{DELIVERIES}{_named(request)}.json"
    # The same mark again is as good as a new one; what is there otherwise says that it was sent.
    mark = marks.put_new(key, _TAKEN)
    if mark is None:
        return _said(name, 200, "received before")
    receiver.send(delivery)
    marks.replace(key, _SENT, etag=mark.etag)
    return _said(name, 202, "received")


def _named(request: Arrived) -> str:
    """The ids are of others, so no object is called by one."""
    return hashlib.sha256(f"{request.host}\n{request.id}\n".encode() + request.body).hexdigest()


def _said(name: str, status: int, text: str) -> Answer:
    logging.getLogger(__name__).info("%s: %d: %s", name, status, text)
    return Answer(status=status, text=text)
