"""How fast units begin in one account and region, since AWS makes changes there at a rate of its own.

CloudFormation does not tell how fast it may be asked, and does not wait where Lambda answers 15 calls a second: the
stack fails and rolls back. So after the first few, units begin one after the other, faster with each that ends well.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (control plane API requests)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import attrs

__all__ = ["CREATION", "UPDATE", "Pace", "Paces"]

UPDATE, CREATION = 1.0, 1.5
"""What beginning costs: CloudFormation calls Lambda half as often again to create a unit's functions."""

_AT_ONCE = 16.0
"""With 24, stacks rolled back in one of the assumed worlds of ``benchmarks/throttling.py``; with 16, in none."""
_FIRST, _FASTEST, _SLOWEST = 1.0, 2.4, 0.1
"""Units a second. At 2.4, updates need nearly all of Lambda's 15 calls a second."""

_GAIN, _LOSS = 0.01, 0.8


@attrs.define
class Pace:
    """Of one account and region. Thread-safe.

    Args:
        clock, sleep: of the process; others in tests.
        rate: units a second, now. at_once: how many begin together after a rest.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    rate: float = _FIRST
    at_once: float = _AT_ONCE
    _left: float = attrs.field(init=False)
    _since: float | None = attrs.field(default=None, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.at_once

    def begin(self, cost: float = UPDATE) -> None:
        """Return when the next unit may begin; those that wait get their turns in the order in which they came."""
        with self._lock:
            now = self.clock()
            passed = 0.0 if self._since is None else max(0.0, now - self._since)
            self._since = now
            self._left = min(self.at_once, self._left + passed * self.rate) - cost
            pause = max(0.0, -self._left / self.rate)
        if pause:
            self.sleep(pause)

    def ended(self, *, throttled: bool) -> None:
        """A unit has ended: the next ones begin sooner, or later if AWS could not keep up."""
        with self._lock:
            self.rate = max(_SLOWEST, self.rate * _LOSS) if throttled else min(_FASTEST, self.rate + _GAIN)


class Paces:
    """One pace for each account and region. Thread-safe."""

    def __init__(self, make: Callable[[], Pace] = Pace) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, str], Pace] = {}

    def of(self, account_id: str, region: str) -> Pace:
        with self._lock:
            return self._paces.setdefault((account_id, region), self._make())
