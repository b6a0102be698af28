"""What a handler returns is written as Lambda's runtime writes it."""

from __future__ import annotations

import datetime
import math
from collections import namedtuple
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest

from multi_env_lambda.host.lambda_answers import MAX_BYTES, marshalled, outcome

At = namedtuple("At", "x y")  # noqa: PYI024 -- as somebody wrote it


class Color(IntEnum):
    RED = 1


class Record:
    def _asdict(self) -> dict[str, int]:
        return {"id": 7}


@pytest.mark.parametrize(
    ("returned", "payload"),
    [
        (None, "null"),
        (True, "true"),
        (Color.RED, "1"),
        ("a", '"a"'),
        (Decimal("1.50"), "1.50"),
        ([Decimal("-nan"), math.nan, -math.inf], "[NaN, NaN, -Infinity]"),
        ({"at": At(1, 2), "of": Record()}, '{"at": {"x": 1, "y": 2}, "of": {"id": 7}}'),
        ((1, [], {}, ()), "[1, [], {}, []]"),
        ({b"k": b"v"}, '{"k": "v"}'),
        ({1: 1, 1.5: 2, None: 3, False: 4}, '{"1": 1, "1.5": 2, "null": 3, "false": 4}'),
    ],
)
def test_it_is_written_by_the_rules_of_simplejson(returned: Any, payload: str) -> None:
    assert marshalled(returned) == payload.encode()


def test_bytes_are_sent_as_they_are() -> None:
    assert marshalled(b"\xff{") == b"\xff{"
    assert outcome(b"\xff{", "id") == {"status": "ok", "payload": "\xff{"}


def test_letters_are_escaped_before_python_3_12() -> None:
    assert marshalled("é", escapes=False) == '"é"'.encode()
    assert marshalled("é", escapes=True) == b'"\\u00e9"'


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ({1}, "Object of type set is not JSON serializable"),
        ([datetime.datetime(2026, 1, 1)], "Object of type datetime is not JSON serializable"),  # noqa: DTZ001
        (At, "Object of type type is not JSON serializable"),
        ({(1, 2): 3}, "keys must be str, int, float, bool or None, not tuple"),
        ({Decimal(1): 3}, "keys must be str, int, float, bool or None, not Decimal"),
    ],
)
def test_what_has_no_json_is_told_in_its_words(returned: Any, said: str) -> None:
    message = f"Unable to marshal response: {said}"
    details = {"errorMessage": message, "errorType": "Runtime.MarshalError", "requestId": "id", "stackTrace": []}
    assert outcome(returned, "id") == {"status": "error", "error": message, "details": details}


def test_what_contains_itself_has_no_json() -> None:
    around: list[Any] = []
    around.append({"list": around})
    assert outcome(around, "id")["error"] == "Unable to marshal response: Circular reference detected"
    twice = [1]
    assert marshalled([twice, twice]) == b"[[1], [1]]"


def test_an_answer_of_6_mb_and_a_little_is_sent_and_no_more() -> None:
    assert outcome(b"x" * MAX_BYTES, "id")["status"] == "ok"
    assert outcome(b"x" * (MAX_BYTES + 1), "id")["details"]["errorType"] == "Function.ResponseSizeTooLarge"
