"""Look again until something has happened that another process does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["until"]


def until(look: Callable[[], Any], wanted: Any) -> None:
    """Return as soon as ``look()`` is what is wanted; fail with what it is after 20 seconds."""
    deadline = time.monotonic() + 20
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
