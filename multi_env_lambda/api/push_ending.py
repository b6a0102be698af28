"""What a push to the repository beside the local cloud led to, as a value."""

from __future__ import annotations

import attrs

__all__ = ["PushEnding", "WaitsFor"]


@attrs.frozen(kw_only=True)
class WaitsFor:
    """An environment that waits for somebody's approval of the plan with this digest."""

    environment: str
    digest: str


@attrs.frozen(kw_only=True)
class PushEnding:
    """What a push or an approval led to.

    Args:
        commit: what was pushed. outcome: of the run, in a line; empty: nothing followed from it.
        waits: what it stopped in front of.
        seconds: from the event to the end.
    """

    branch: str
    commit: str
    outcome: str
    waits: tuple[WaitsFor, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing failed. To stop in front of an approval is good."""
        return not self.outcome.startswith("failed")
