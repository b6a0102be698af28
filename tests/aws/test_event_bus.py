"""Events on the bus: what the service did not take is an error, although the call succeeds."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.event_bus import LARGEST_EVENT, put_event
from multi_env_lambda.errors import AccountError, PublishError
from tests.tools.faulty_client import client_error


@attrs.define
class Bus:
    answer: Any = attrs.field(factory=dict)
    sent: list[Any] = attrs.field(factory=list)

    def put_events(self, *, Entries: list[Any]) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.sent += Entries
        return self.answer


def test_an_event_is_one_entry_with_its_detail_as_json() -> None:
    bus = Bus({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    put_event(bus, "github.com", "push", {"ref": "refs/heads/ünï"})

    (entry,) = bus.sent
    assert (entry["Source"], entry["DetailType"]) == ("github.com", "push")
    assert json.loads(entry["Detail"]) == {"ref": "refs/heads/ünï"}


@pytest.mark.parametrize(
    ("answer", "kind", "what"),
    [
        ({"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "later"}]}, PublishError, "InternalFailure"),
        (client_error("PutEvents", "ThrottlingException", "slow down"), PublishError, "slow down"),
        (client_error("PutEvents", "ExpiredTokenException", "expired"), AccountError, "expired"),
        (client_error("PutEvents", "AccessDeniedException", "events:PutEvents"), PublishError, "events:PutEvents"),
    ],
)
def test_what_was_not_taken_is_an_error(answer: Any, kind: type[Exception], what: str) -> None:
    with pytest.raises(kind, match=what):
        put_event(Bus(answer), "github.com", "push", {})


def test_what_is_too_long_is_not_sent() -> None:
    bus = Bus({"Entries": []})
    with pytest.raises(PublishError, match="are taken"):
        put_event(bus, "github.com", "push", {"ref": "x" * LARGEST_EVENT})
    assert bus.sent == []
