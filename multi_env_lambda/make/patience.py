"""Reports that something takes long while it does: everything else waits for the slowest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["said_if_slow"]


@contextmanager
def said_if_slow(said: Callable[[str], None], text: str, seconds: float) -> Iterator[None]:
    """Report it once, from another thread, if the block has not ended in time."""
    timer = threading.Timer(seconds, said, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
