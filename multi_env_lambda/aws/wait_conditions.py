"""When a wait for a stack is over, and who is told of what was seen meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.plan.stackstate import is_final

__all__ = ["each_once", "left", "silent", "statuses"]

_STALE_SECONDS = 10.0


def silent(_: str) -> None:
    """Tell nobody."""


def left(status: str, clock: Callable[[], float]) -> Callable[[StackReading | None], bool]:
    """A condition: the operation that was begun in this final status is over.

    It may end in the status in which it began, and reads right after its beginning may be old ones: what looks as
    before is believed after ten seconds, by time and not by their number, since they follow each other quickly.
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
    """Tell only what differs from what was told last."""
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            on_event(text)

    return tell


def statuses(told: Callable[[str], None]) -> Callable[[StackReading], None]:
    return lambda reading: told(reading.status)
