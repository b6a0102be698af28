"""Where the time goes: what takes long is wrapped in a span, and kept for those who listen. Safe for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from multi_env_lambda.model.timing import Kind, Span

__all__ = ["keep", "listening", "timed"]

_LISTENERS: list[list[Span]] = []
"""One list for each that asked and is not over yet."""


def keep(kind: Kind, what: str, begun: float) -> None:
    """Something that began then, by ``time.perf_counter``, ends now."""
    if not _LISTENERS:
        return
    seconds = time.perf_counter() - begun
    span = Span(kind=kind, what=what, begun=begun, seconds=seconds, thread=threading.get_ident())
    for spans in tuple(_LISTENERS):
        spans.append(span)


@contextmanager
def timed(kind: Kind, what: str) -> Iterator[None]:
    """How long the block takes, also where it raises; around a function, each of its calls."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        keep(kind, what, begun)


@contextmanager
def listening(spans: list[Span]) -> Iterator[None]:
    """Until the block ends, what has ended is appended."""
    _LISTENERS.append(spans)
    try:
        yield
    finally:
        # By identity: two that began at once have equal lists.
        _LISTENERS[:] = [other for other in _LISTENERS if other is not spans]
