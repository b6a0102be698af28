"""When a wait for a stack is over, and who is informed of what was seen meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.plan.stackstate import is_final

__all__ = ["each_once", "left", "silent", "statuses"]

_STALE_SECONDS = 10.0


def silent(_: str) -> None:
    """Inform nobody."""


def left(status: str, clock: Callable[[], float]) -> Callable[[StackReading | None], bool]:
    """A condition: the operation that started from this final status is over.

    It may end in the status from which it started, and reads right after the start may be stale: an unchanged status is
    trusted after ten seconds, by time and not by the number of reads, since they follow each other quickly.
    """
    began = False
    since = clock()

    def condition(reading: StackReading | None) -> bool:
        nonlocal began
        if reading is None:
            return True
        if not is_final(reading.status):
            began = True
            return False
        return began or reading.status != status or clock() - since >= _STALE_SECONDS

    return condition


def each_once(on_event: Callable[[str], None]) -> Callable[[str], None]:
    """Report only what differs from the last report."""
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            on_event(text)

    return tell


def statuses(told: Callable[[str], None]) -> Callable[[StackReading], None]:
    return lambda reading: told(reading.status)
