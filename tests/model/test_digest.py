"""Digests of plain data."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.digest import canonical_json, digest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=5,
)


def test_the_order_of_keys_makes_no_difference() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_the_order_of_a_list_makes_one() -> None:
    assert digest([1, 2]) != digest([2, 1])


def test_a_digest_is_a_sha256() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(VALUES)
def test_canonical_json_is_ascii_and_says_the_same(value: object) -> None:
    text = canonical_json(value)

    assert text.isascii()
    assert json.loads(text) == value
