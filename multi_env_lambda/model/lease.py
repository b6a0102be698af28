"""What everybody who changes or deletes something brings along: the lease that is held for it, as a value."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Held"]


class Held(Protocol):
    """A lease that is held, or several at once.

    Whoever sends a call that changes or deletes something asks it right before that call, and again before each
    repetition: between a decision and its call there may be an hour of waiting, or a laptop that slept.
    """

    def make_sure(self) -> None:
        """Right before a call that leaves alone what runs: a change set, a version that nobody uses, an object.

        Raises:
            PlanStale: somebody else took over; the call must not be sent.
        """
        ...

    def begin(self) -> None:
        """Right before a call that changes what runs; from here on, what is there is not known until it is settled.

        Raises:
            PlanStale: somebody else took over; the call must not be sent.
        """
        ...
