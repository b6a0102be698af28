"""Where the time of a run went, as values: spans of time, what they add up to, and a trace of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import attrs

__all__ = ["KINDS", "Kind", "Row", "Span", "busy", "rows", "trace"]

Kind = Literal["step", "unit", "program", "wait", "call"]
KINDS: dict[Kind, str] = {
    "step": "steps of the command",
    "unit": "units",
    "program": "other programs",
    "wait": "waiting for AWS",
    "call": "calls to AWS",
}
"""What each kind is of, in the order in which people read them."""


@attrs.frozen(kw_only=True)
class Span:
    """Something that took time.

    Args:
        what: a step, a unit and an environment, the name of a program, or service and operation; never its arguments.
        begun: by a clock that only counts. seconds: how long it took. thread: in which one it was done.
    """

    kind: Kind
    what: str
    begun: float
    seconds: float
    thread: int = 0

    @property
    def ended(self) -> float:
        return self.begun + self.seconds


@attrs.frozen(kw_only=True)
class Row:
    """All spans of one name.

    Args:
        seconds: their sum. busy: for how long at least one of them went on. longest: of the longest one.
    """

    kind: Kind
    what: str
    times: int
    seconds: float
    busy: float
    longest: float


def busy(spans: Iterable[Span]) -> float:
    """For how long at least one of these went on.

    >>> one, other = (Span(kind="call", what="s3 GetObject", begun=begun, seconds=2.0) for begun in (0.0, 1.0))
    >>> busy([one, other])
    3.0
    """
    total, until = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.begun):
        total += max(0.0, span.ended - max(span.begun, until))
        until = max(until, span.ended)
    return total


def rows(spans: Iterable[Span]) -> tuple[Row, ...]:
    """One for each name; by kind, and what went on longest comes first."""
    named: dict[tuple[Kind, str], list[Span]] = {}
    for span in spans:
        named.setdefault((span.kind, span.what), []).append(span)
    found = [
        Row(
            kind=kind,
            what=what,
            times=len(those),
            seconds=sum(span.seconds for span in those),
            busy=busy(those),
            longest=max(span.seconds for span in those),
        )
        for (kind, what), those in named.items()
    ]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda row: (order.index(row.kind), -row.busy, row.what)))


def trace(spans: Sequence[Span]) -> dict[str, Any]:
    """A document in the trace event format, which chrome://tracing, ui.perfetto.dev and Firefox's profiler open.

    Times are in microseconds since the first span began; a lane is a thread, and the first one is where it began.

    Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format)
    """
    ordered = sorted(spans, key=lambda span: (span.begun, -span.seconds))
    zero = ordered[0].begun if ordered else 0.0
    lanes = {thread: number for number, thread in enumerate(dict.fromkeys(span.thread for span in ordered))}
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": lane, "args": {"name": f"thread {lane + 1}"}}
        for lane in lanes.values()
    ]
    events += [
        {
            "ph": "X",
            "name": span.what,
            "cat": span.kind,
            "ts": round((span.begun - zero) * 1e6, 1),
            "dur": round(span.seconds * 1e6, 1),
            "pid": 1,
            "tid": lanes[span.thread],
        }
        for span in ordered
    ]
    return {"displayTimeUnit": "ms", "traceEvents": events}
