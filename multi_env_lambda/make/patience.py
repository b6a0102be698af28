"""Saying that something takes long, while it does: everybody else waits for the slowest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["said_if_slow"]


@contextmanager
def said_if_slow(said: Callable[[str], None], text: str, seconds: float) -> Iterator[None]:
    """Say it once, from another thread, if the block has not ended by then."""
    timer = threading.Timer(seconds, said, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
