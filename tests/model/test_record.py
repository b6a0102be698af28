"""A record says what runs, and is read as it was meant, whichever version wrote it."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import DocumentError
from multi_env_lambda.model.record import Deployment, Record, current_key, history_key, read_history

SHIFTING = Deployment(
    sequence=4, action="deploy", outcome="shifting", release="a" * 64, version="0.2.0", layer=None, who="ada",
    when="2026-01-01T00:00:00Z", commit="c", detail="step 2/3: orders-prod-main 40 % for 1 min", step=2,
)  # fmt: skip
RECORD = Record(project="orders", environment="prod", latest=SHIFTING)
KEY = current_key("prod", "orders")


def of_format_1(value: Record | Deployment) -> bytes:
    """As 0.1.1 wrote it: the step stood in the sentence only."""
    document = json.loads(value.to_bytes())
    found: dict[str, Any] = {key: item for key, item in document.items() if key not in ("format", "step")}
    if isinstance(found.get("latest"), dict):
        del found["latest"]["step"]
    return json.dumps(found).encode()


def test_a_shift_that_0_1_1_began_is_at_the_step_that_it_told() -> None:
    assert Record.from_bytes(of_format_1(RECORD), where=KEY) == RECORD
    assert read_history(of_format_1(SHIFTING), where=history_key("prod", "orders", 4)) == SHIFTING


@pytest.mark.parametrize("key", [current_key("prod", "search"), current_key("test", "orders")])
def test_a_record_under_the_key_of_another_unit_or_environment_is_none(key: str) -> None:
    with pytest.raises(DocumentError, match="it is about orders in prod"):
        Record.from_bytes(RECORD.to_bytes(), where=key)


def test_a_shift_that_goes_on_keeps_its_number_and_another_release_gets_the_next() -> None:
    assert RECORD.next_sequence(SHIFTING.release) == 4
    assert RECORD.next_sequence("b" * 64) == 5
    assert attrs.evolve(RECORD, latest=attrs.evolve(SHIFTING, outcome="failed")).next_sequence(SHIFTING.release) == 5
    assert Record(project="orders", environment="prod").next_sequence("b" * 64) == 1


def test_what_a_newer_version_added_is_written_back_as_it_was() -> None:
    document = {**json.loads(RECORD.to_bytes()), "colour": {"of": ["tomorrow", 1.5]}}
    again = json.loads(Record.from_bytes(json.dumps(document).encode(), where=KEY).to_bytes())

    assert again == document


def test_what_an_older_version_wrote_in_the_clear_is_not_shown_again() -> None:
    said = "`uv build` ended with status 2: https://ci:hunter2@index.example.org/simple"
    body = RECORD.to_bytes().replace(b"step 2/3", said.encode())
    latest = Record.from_bytes(body, where=KEY).latest

    assert latest is not None and latest.detail.startswith(said.replace("hunter2", "***"))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"when": "yesterday"}, "when: found 'yesterday'; expected a time"),
        ({"when": "2026-01-01"}, "when: found '2026-01-01'; expected a time"),
        ({"when": ""}, "when: found ''; expected a time"),
        ({"committed": "junk"}, "committed: found 'junk'; expected a time"),
        ({"version": "1\x1b[2J"}, "version: found '1\\x1b[2J'; expected a name"),
        ({"release": "../../x"}, "release: found '../../x'; expected a name"),
    ],
)
def test_text_that_is_no_time_or_no_name_is_junk_of_this_unit_alone(changed: dict[str, str], what: str) -> None:
    deployment = {**json.loads(SHIFTING.to_bytes()), **changed}
    record = {**json.loads(RECORD.to_bytes()), "latest": deployment}

    with pytest.raises(DocumentError) as caught:
        read_history(json.dumps(deployment).encode(), where="key")
    assert what in caught.value.what
    with pytest.raises(DocumentError) as caught:
        Record.from_bytes(json.dumps(record).encode(), where=KEY)
    assert what in caught.value.what
