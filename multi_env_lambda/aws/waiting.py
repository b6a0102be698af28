"""When a wait for a stack is over, and who is told of what was seen meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.plan.stackstate import is_final

__all__ = ["each_once", "left", "silent", "statuses"]

_STALE_READINGS = 5


def silent(_: str) -> None:
    """Tell nobody."""


def left(status: str) -> Callable[[StackReading | None], bool]:
    """A condition: the operation that was begun in this final status is over.

    It may end in the status in which it began, and reads right after its beginning may be old ones.
    """
    began = False
    stale = 0

    def condition(reading: StackReading | None) -> bool:
        nonlocal began, stale
        if reading is None:
            return True
        if not is_final(reading.status):
            began = True
            return False
        stale += 1
        return began or reading.status != status or stale >= _STALE_READINGS

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
