"""A change that a run of the CI stopped in front of, since somebody has to agree to it."""

from __future__ import annotations

import attrs

from multi_env_lambda.wording import Advice, advice

__all__ = ["WaitingChange", "command_for"]


def command_for(environment: str, digest: str) -> Advice:
    """The one command that agrees to what waits in front of an environment."""
    python = f'workspace.approve(workspace.environment("{environment}").waiting_plan("{digest[:12]}"))'
    return Advice(f"ci.py approve {environment} {digest[:12]}", python)


@attrs.frozen(kw_only=True)
class WaitingChange:
    """What waits in front of an environment. ``units``: those that would change; none if the plan cannot be read."""

    environment: str
    digest: str
    units: tuple[str, ...] = ()

    def line(self) -> str:
        """What waits, and the command that agrees."""
        what = f"a change of {', '.join(self.units)}" if self.units else "a change"
        agrees = command_for(self.environment, self.digest)
        return advice("{}: {} waits for approval; `{}` agrees", self.environment, what, agrees)
