"""The lease that everything that changes or deletes must hold, as a value."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Held"]


class Held(Protocol):
    """A lease that is held, or several at once.

    It is checked right before every call that changes or deletes something, and again before each retry: between a
    decision and its call there may be an hour of waiting, or a laptop that slept.
    """

    def make_sure(self) -> None:
        """Right before a call that does not affect what runs: a change set, an unused version, an object.

        Raises:
            PlanStale: somebody else took over the lease; the call must not be sent.
        """
        ...

    def begin(self) -> None:
        """Right before a call that changes what runs; from here on, what is there is unknown until it is settled.

        Raises:
            PlanStale: somebody else took over the lease; the call must not be sent.
        """
        ...
