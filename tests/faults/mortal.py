"""A process that ends in the middle: once its switch has gone off, nothing of it reaches the store or an account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import attrs

from multi_env_lambda.testing.memory import Killed

__all__ = ["Mortal", "Switch"]


@attrs.define
class Switch:
    """Goes off after the ``nth`` write of the process, counted over all its threads; 0 means never."""

    nth: int = 0
    writes: int = 0
    _lock: threading.RLock = attrs.field(factory=threading.RLock)

    def run(self, call: Callable[[], Any], *, writes: bool) -> Any:
        """One call of the process. The lock makes the order of writes the order of their numbers."""
        with self._lock:
            if self.nth and self.writes >= self.nth:
                raise Killed
            answer = call()
            self.writes += writes
            if writes and self.writes == self.nth:
                raise Killed
            return answer


@attrs.frozen
class Mortal:
    """Stands before a store or a platform; ``writes`` names the methods that change something there."""

    behind: Any
    switch: Switch
    writes: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.behind, name)
        if not callable(found):
            return found
        return lambda *words, **more: self.switch.run(lambda: found(*words, **more), writes=name in self.writes)
