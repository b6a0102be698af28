"""What spans of time add up to; the clocks are numbers."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.timing import KINDS, Kind, Row, Span, busy, rows, trace

_TIMES = st.integers(0, 100).map(float)
_SPANS = st.builds(
    Span,
    kind=st.sampled_from(list(KINDS)),
    what=st.sampled_from(("plan", "git status", "s3 GetObject")),
    begun=_TIMES,
    seconds=_TIMES,
    thread=st.integers(1, 3),
)


def span(kind: Kind, what: str, begun: float, seconds: float, thread: int = 7) -> Span:
    return Span(kind=kind, what=what, begun=begun, seconds=seconds, thread=thread)


@given(spans=st.lists(_SPANS))
def test_what_goes_on_at_once_counts_once(spans: list[Span]) -> None:
    seconds = {second for one in spans for second in range(int(one.begun), int(one.ended))}
    assert busy(spans) == len(seconds)
    assert busy(spans * 2) == busy(spans)


@given(spans=st.lists(_SPANS))
def test_nothing_is_lost_in_the_rows(spans: list[Span]) -> None:
    found = rows(spans)
    assert sum(row.times for row in found) == len(spans)
    assert sum(row.seconds for row in found) == sum(one.seconds for one in spans)
    assert all(row.longest <= row.busy <= row.seconds for row in found)


def test_rows_are_by_kind_and_the_longest_comes_first() -> None:
    found = rows(
        [
            span("call", "s3 GetObject", 1, 2),
            span("call", "s3 GetObject", 2, 3),
            span("call", "sts AssumeRole", 0, 9),
            span("step", "plan", 0, 1),
        ]
    )
    assert [row.what for row in found] == ["plan", "sts AssumeRole", "s3 GetObject"]
    assert found[-1] == Row(kind="call", what="s3 GetObject", times=2, seconds=5, busy=4, longest=3)


def test_a_trace_has_a_lane_for_each_thread_and_microseconds_since_the_first_span() -> None:
    document = trace([span("call", "s3 GetObject", 12.5, 0.25, thread=99), span("step", "plan", 12.0, 1.0)])
    events = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert [(event["name"], event["cat"], event["ts"], event["dur"], event["tid"]) for event in events] == [
        ("plan", "step", 0.0, 1e6, 0),
        ("s3 GetObject", "call", 5e5, 2.5e5, 1),
    ]
    names = [event["args"]["name"] for event in document["traceEvents"] if event["ph"] == "M"]
    assert names == ["thread 1", "thread 2"]
    assert json.loads(json.dumps(document)) == document
    assert trace([]) == {"displayTimeUnit": "ms", "traceEvents": []}
