"""The one policy by which something outside is asked again, and where that is seen: a debug line each, and a count."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import attrs

__all__ = ["TRIES", "Retries", "Retrying", "pauses"]

Answer = TypeVar("Answer")

TRIES = 6
_FIRST_PAUSE = 0.1


def pauses() -> Iterator[float]:
    """Seconds between two tries: they double from a tenth to 1.6, each shortened at random by up to a half."""
    for attempt in range(TRIES - 1):
        yield _FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.0)


class Retries:
    """How often something was asked again, by the reason. Safe for threads.

    botocore repeats by itself what was throttled or lost, and says so here as well: see ``aws/session.py``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: Counter[str] = Counter()

    def note(self, what: str, reason: str, text: str) -> None:
        """``what`` was asked again because of ``reason`` (a code or the name of an error); ``text`` is all it said."""
        logging.getLogger(__name__).debug("%s: asked again, because of %s", what, text)
        with self._lock:
            self._reasons[reason] += 1

    def count(self) -> Mapping[str, int]:
        """As it is now, by the reason."""
        with self._lock:
            return dict(self._reasons)

    def since(self, before: Mapping[str, int]) -> str:
        """What came since an earlier ``count``, for people; empty where nothing did.

        >>> retries = Retries()
        >>> before = retries.count()
        >>> for reason in ("Throttling", "Throttling", "ReadTimeoutError"):
        ...     retries.note("CreateChangeSet", reason, reason)
        >>> retries.since(before)
        '3 calls were sent again (Throttling 2, ReadTimeoutError 1)'
        >>> retries.since(retries.count())
        ''
        """
        new = Counter(self.count())
        new.subtract(before)
        reasons = ", ".join(f"{reason} {number}" for reason, number in new.most_common() if number)
        total = sum(new.values())
        return f"{total} call{'s were' if total > 1 else ' was'} sent again ({reasons})" if total else ""


@attrs.frozen(kw_only=True)
class Retrying:
    """Asks again what may pass, up to ``TRIES`` times in all. ``sleep`` exists for tests."""

    retries: Retries = attrs.field(factory=Retries)
    sleep: Callable[[float], None] = time.sleep

    def run(
        self,
        send: Callable[[], Answer],
        *,
        what: str,
        errors: tuple[type[Exception], ...],
        passes: Callable[[Exception], bool],
        reason: Callable[[Exception], str] = lambda error: type(error).__name__,
    ) -> Answer:
        """The answer of ``send``, which is called again where it raised one of ``errors`` that ``passes``.

        Raises:
            Exception: what ``send`` raised last, or what does not pass.
        """
        for pause in pauses():
            try:
                return send()
            except errors as error:
                if not passes(error):
                    raise
                self.retries.note(what, reason(error), str(error))
            self.sleep(pause)
        return send()
