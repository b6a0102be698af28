"""Several concurrent calls that wait for a network: the answers in order, the first error raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["UNITS_AT_ONCE", "UNITS_HERE", "WORKERS", "both", "in_parallel", "together"]

WORKERS = 16

UNITS_AT_ONCE = 64
"""Units of an environment that change at the same time on AWS, where they mostly wait."""

UNITS_HERE = 8
"""The same in the local cloud, whose work this machine does."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Other = TypeVar("Other")


def in_parallel(function: Callable[[Item], Answer], items: Iterable[Item], *, workers: int = WORKERS) -> list[Answer]:
    """The answers in the order of the items. All calls have ended when this returns or raises."""
    wanted = list(items)
    if len(wanted) <= 1:
        return [function(item) for item in wanted]
    with ThreadPoolExecutor(min(workers, len(wanted))) as pool:
        return list(pool.map(function, wanted))


def together(*calls: Callable[[], object]) -> None:
    """Make several calls at once, for their effects."""
    in_parallel(lambda call: call(), calls)


def both(one: Callable[[], Answer], other: Callable[[], Other]) -> tuple[Answer, Other]:
    """The answers of two calls that are made at once."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(one)
        second = other()
        return first.result(), second
