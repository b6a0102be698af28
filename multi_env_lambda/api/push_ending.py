"""What a push to the repository beside the local cloud led to, as a value."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.shown import shown_as_text

__all__ = ["PushEnding", "WaitsFor"]


@attrs.frozen(kw_only=True)
class WaitsFor:
    """An environment that waits for somebody's approval of the plan with this digest."""

    environment: str
    digest: str


@shown_as_text
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

    def text(self) -> str:
        """What it led to, and what it waits for."""
        outcome = self.outcome or "nothing follows from it"
        waits = (f"{one.environment} waits for an approval of plan {one.digest[:12]}" for one in self.waits)
        return "\n".join((f"{self.branch} at {self.commit[:10]}: {outcome} ({self.seconds:.0f} s)", *waits))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)
