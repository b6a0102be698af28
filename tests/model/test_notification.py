"""What a bucket's notification matches: two entries overlap if, and only if, some event of some key belongs to both."""

from __future__ import annotations

from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.notification import S3_EVENTS, Listener, as_filter, overlapping

PARTS = st.text("ab", max_size=3)
EVENTS = st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", "s3:ObjectTagging:*"])
LISTENERS = st.builds(Listener, event=EVENTS, prefix=PARTS, suffix=PARTS)
ONE_BY_ONE = [event for event in S3_EVENTS if not event.endswith("*")]


def takes(listener: Listener, event: str, key: str) -> bool:
    """As S3 does it, entry by entry."""
    named = event == listener.event or (listener.event.endswith("*") and event.startswith(listener.event[:-1]))
    return named and key.startswith(listener.prefix) and key.endswith(listener.suffix)


@given(LISTENERS, LISTENERS, st.sampled_from(ONE_BY_ONE), st.text("ab", max_size=8))
def test_without_an_overlap_no_object_calls_both(one: Listener, other: Listener, event: str, key: str) -> None:
    if not one.overlaps(other):
        assert not (takes(one, event, key) and takes(other, event, key))


@given(LISTENERS, LISTENERS)
def test_with_an_overlap_some_object_calls_both(one: Listener, other: Listener) -> None:
    if one.overlaps(other):
        key = max(one.prefix, other.prefix, key=len) + max(one.suffix, other.suffix, key=len)
        assert any(takes(one, event, key) and takes(other, event, key) for event in ONE_BY_ONE)
        assert other.overlaps(one)


@given(st.text(max_size=20), st.text(max_size=5))
def test_a_filter_is_the_key_again_when_it_is_decoded_and_keeps_its_beginning(text: str, more: str) -> None:
    assert unquote_plus(as_filter(text)) == text
    assert as_filter(text + more).startswith(as_filter(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [("s3:ObjectCreated:*", "s3:ObjectRemoved:*"), ("s3:LifecycleTransition", "s3:IntelligentTiering")],
)
def test_other_events_do_not_overlap(one: str, other: str) -> None:
    assert not overlapping(one, other)
