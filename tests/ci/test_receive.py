"""The receiver: what it answers, that a delivery is sent once, and that none is lost where it is killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci.webhook import Delivery
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.ci_stack import DELIVERIES
from multi_env_lambda.operations.receive import Answer, Kept, Receiver, receive
from multi_env_lambda.testing.memory_store import MemoryStore
from tests.ci.test_webhook import BODY, ID, NOW, SECRET, request


class Killed(BaseException):
    """The process is gone: nothing catches it."""


@attrs.define
class Bus:
    """Events that were put, and a store; ``left`` calls are done, and the next one ends the process before or after."""

    store: MemoryStore = attrs.field(factory=MemoryStore)
    events: list[Delivery] = attrs.field(factory=list)
    left: int = 10**9
    after: bool = False

    def counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left < 0 and not self.after:
                raise Killed
            found = call(*args, **named)
            if self.left < 0:
                raise Killed
            return found

        return counting

    def receiver(self, *secrets: bytes) -> Receiver:
        marks = _Counting(self)
        send = self.counted(self.events.append)
        return Receiver(host="github", secrets=lambda: secrets or (SECRET,), marks=marks, send=send, now=lambda: NOW)  # type: ignore[arg-type]

    def marks(self) -> list[str]:
        return [one.key for one in self.store.list(DELIVERIES)]


@attrs.frozen
class _Counting:
    bus: Bus

    def __getattr__(self, name: str) -> Any:
        return self.bus.counted(getattr(self.bus.store, name))


def test_a_signed_push_goes_to_the_bus_and_the_same_one_again_does_not() -> None:
    bus = Bus()
    answers = [receive(bus.receiver(), request()) for _ in range(3)]

    assert [answer.status for answer in answers] == [202, 200, 200]
    (event,) = bus.events
    assert (event.source, event.kind, event.detail["ref"]) == ("github.com", "push", "refs/heads/main")
    assert len(bus.marks()) == 1
    assert ID not in bus.marks()[0]
    assert receive(bus.receiver(), request(x_github_delivery=ID.replace("7", "8"))).status == 202


def test_another_body_under_an_id_that_was_seen_before_is_another_delivery() -> None:
    """GitHub and Bitbucket do not sign the id: what was recorded could have the next one dropped."""
    bus = Bus()
    other = json.dumps({"ref": "refs/heads/other", "repository": {"full_name": "acme/units"}}).encode()
    answers = [receive(bus.receiver(), request(body)).status for body in (other, BODY, other, BODY)]

    assert answers == [202, 202, 200, 200]
    assert [event.detail["ref"] for event in bus.events] == ["refs/heads/other", "refs/heads/main"]


def test_what_is_not_signed_reaches_neither_the_bus_nor_the_bucket() -> None:
    bus = Bus()
    forged = [request(secret=b"another-secret-of-somebody"), request(x_hub_signature_256=None), {}, None]

    assert [receive(bus.receiver(), one).status for one in forged] == [401, 401, 405, 405]
    assert (bus.events, bus.marks()) == ([], [])


@pytest.mark.parametrize(("kind", "status"), [("ping", 200), ("star", 200), ("issues", 200)])
def test_a_ping_is_answered_and_what_nothing_follows_from_is_passed_over(kind: str, status: int) -> None:
    bus = Bus()
    assert receive(bus.receiver(), request(b'{"zen": "Keep it logically awesome."}', x_github_event=kind)).status == 200
    assert (bus.events, bus.marks()) == ([], [])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("left", range(4))
def test_killed_at_any_call_a_delivery_that_comes_again_is_sent(left: int, after: bool) -> None:
    bus = Bus(left=left, after=after)
    try:
        receive(bus.receiver(), request())
    except Killed:
        assert left < 3
    sent = len(bus.events)
    bus.left = 10**9
    again = receive(bus.receiver(), request())

    assert 1 <= len(bus.events) <= 2
    assert again.status == (200 if left == 3 or (left == 2 and after) else 202)
    assert sent == len(bus.events) or again.status == 202
    assert receive(bus.receiver(), request()).status == 200


@given(kills=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=6))
def test_however_often_it_is_killed_the_last_delivery_leaves_an_event_and_one_mark(
    kills: list[tuple[int, bool]],
) -> None:
    bus = Bus()
    for left, after in kills:
        bus.left, bus.after = left, after
        try:
            receive(bus.receiver(), request())
        except Killed:
            continue
    bus.left = 10**9
    receive(bus.receiver(), request())

    assert bus.events
    assert len(bus.marks()) == 1
    assert len(bus.events) <= len(kills) + 1
    before = len(bus.events)
    assert receive(bus.receiver(), request()).status == 200
    assert len(bus.events) == before


def test_what_did_not_reach_the_bus_is_an_error_for_the_host_and_sent_when_it_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = Bus()

    def refuse(_: Delivery) -> None:
        raise PublishError("the default bus", "ThrottlingException", hint="send it again")

    answer = receive(attrs.evolve(bus.receiver(), send=refuse), request())
    assert answer == Answer(status=503, text="not received: the log of the receiver says why; deliver it again")
    assert "ThrottlingException" in caplog.text
    assert receive(bus.receiver(), request()).status == 202
    assert len(bus.events) == 1


def test_a_secret_that_cannot_be_read_is_an_error_for_the_host_and_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def unreadable() -> tuple[bytes, ...]:
        raise PublishError("secret acme/webhook", "ResourceNotFoundException", hint="create it")

    answer = receive(attrs.evolve(Bus().receiver(), secrets=unreadable), request())
    assert (answer.status, "acme" in answer.text) == (503, False)
    assert "secret acme/webhook: ResourceNotFoundException" in caplog.text


def test_no_answer_and_no_line_of_the_log_has_a_text_of_the_body_or_the_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    bus = Bus()
    body = json.dumps({"ref": "refs/heads/hidden-name", "sender": {"login": "hidden-name"}}).encode()
    answers = [receive(bus.receiver(), request(body)), receive(bus.receiver(b"x" * 16), request(body))]
    answers += [receive(bus.receiver(), request(b"hidden-name")), receive(bus.receiver(), {"body": body.decode()})]

    for text in (caplog.text, repr(answers), repr(bus.receiver().host)):
        assert "hidden-name" not in text
        assert SECRET.decode() not in text


def test_secrets_are_read_once_a_minute_so_a_new_one_counts_soon() -> None:
    clock, stored, reads = [0.0], [(b"old" * 8,)], []

    def read() -> tuple[bytes, ...]:
        reads.append(clock[0])
        return stored[0]

    kept = Kept(read, clock=lambda: clock[0])
    assert [kept(), kept()] == [stored[0]] * 2
    stored[0] = (b"new" * 8, b"old" * 8)
    clock[0] = 59.0
    assert kept() == (b"old" * 8,)
    clock[0] = 60.0
    assert kept() == stored[0]
    assert reads == [0.0, 60.0]
    assert "newnew" not in repr(kept)
