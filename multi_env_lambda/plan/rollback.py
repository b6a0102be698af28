"""Which deployment "the one before" is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from multi_env_lambda.model.record import Deployment

__all__ = ["release_before", "rollback_choices"]


def rollback_choices(running: Deployment | None, newest_first: Iterable[Deployment]) -> Iterator[Deployment]:
    """Every deployment that can be brought back, in the order given: it ended well, and is not what runs.

    ``newest_first`` is read no further than the caller asks, since each of it may be a call.
    """
    return (
        item
        for item in newest_first
        if item.outcome == "succeeded" and (running is None or item.release != running.release)
    )


def release_before(running: Deployment | None, newest_first: Iterable[Deployment]) -> Deployment | None:
    """What a rollback takes when nothing was named; None where nothing came before."""
    seen = running is None
    for item in newest_first:
        if running is not None and not seen and attrs.evolve(item, sequence=running.sequence) == running:
            # A record that was deleted by hand began anew at 1, so the place in the history counts, not the number.
            seen = True
        elif _comes_before(item, running, seen):
            return item
    return None


def _comes_before(item: Deployment, running: Deployment | None, seen: bool) -> bool:
    if item.outcome != "succeeded":
        return False
    return running is None or (item.release != running.release and (seen or item.sequence < running.sequence))
