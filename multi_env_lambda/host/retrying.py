"""The one retry policy, and where retries can be seen: a debug line each, and a count."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import attrs

__all__ = ["PATIENCE", "TRIES", "Retries", "Retrying", "pauses"]

Answer = TypeVar("Answer")

TRIES = 6
PATIENCE = 300.0
"""Seconds for which what was throttled is tried again: an account may be busy for minutes, and nothing is wrong."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 20.0


def pauses() -> Iterator[float]:
    """Seconds between two tries: they double from a tenth to 1.6, each randomly shortened by up to half."""
    for attempt in range(TRIES - 1):
        yield _FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.0)


class Retries:
    """How often something was retried, by reason. Thread-safe.

    botocore itself retries what was throttled or lost, and reports it here as well: see ``aws/session.py``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: Counter[str] = Counter()

    def note(self, what: str, reason: str, text: str) -> None:
        """``what`` was retried because of ``reason`` (a code or the name of an error); ``text`` is the message."""
        logging.getLogger(__name__).debug("%s: retrying after %s", what, text)
        with self._lock:
            self._reasons[reason] += 1

    def count(self) -> Mapping[str, int]:
        """The current count, by reason."""
        with self._lock:
            return dict(self._reasons)

    def since(self, before: Mapping[str, int]) -> str:
        """The retries since an earlier ``count``, for people; empty if there were none.

        >>> retries = Retries()
        >>> before = retries.count()
        >>> for reason in ("Throttling", "Throttling", "ReadTimeoutError"):
        ...     retries.note("CreateChangeSet", reason, reason)
        >>> retries.since(before)
        '3 calls were retried (Throttling 2, ReadTimeoutError 1)'
        >>> retries.since(retries.count())
        ''
        """
        new = Counter(self.count())
        new.subtract(before)
        reasons = ", ".join(f"{reason} {number}" for reason, number in new.most_common() if number)
        total = sum(new.values())
        return f"{total} call{'s were' if total > 1 else ' was'} retried ({reasons})" if total else ""


@attrs.frozen(kw_only=True)
class Retrying:
    """Retries what may pass, up to ``TRIES`` attempts in all, and what was throttled for as long as ``PATIENCE``.

    ``sleep`` and ``clock`` exist for tests.
    """

    retries: Retries = attrs.field(factory=Retries)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(
        self,
        send: Callable[[], Answer],
        *,
        what: str,
        errors: tuple[type[Exception], ...],
        passes: Callable[[Exception], bool],
        throttled: Callable[[Exception], bool] = lambda _: False,
        reason: Callable[[Exception], str] = lambda error: type(error).__name__,
    ) -> Answer:
        """The answer of ``send``, which is called again if it raises one of ``errors`` that ``passes``.

        ``throttled``: whether an error that passes only asks for less at a time.

        Raises:
            Exception: what ``send`` raised last, or what does not pass.
        """
        began, pause, usual = self.clock(), _FIRST_PAUSE, pauses()
        while True:
            try:
                return send()
            except errors as error:
                if not passes(error):
                    raise
                if throttled(error):
                    pause = min(_LONGEST_PAUSE, pause * 2)
                    wait = pause * random.uniform(0.5, 1.0) if self.clock() - began < PATIENCE else None
                else:
                    wait = next(usual, None)
                if wait is None:
                    raise
                self.retries.note(what, reason(error), str(error))
            self.sleep(wait)
