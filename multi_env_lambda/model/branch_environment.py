"""The environment of a branch, as its mark in the bucket says that it is."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

__all__ = ["BranchEnvironment"]


@attrs.frozen(kw_only=True)
class BranchEnvironment:
    """An existing environment of a branch, its commit and when it expires.

    ``until``: when that is, in seconds since 1970; ``units``: what it holds; ``owner``: the author of the commit, as
    Git says it; ``failed``: not all of it could be deployed, so the schedule looks again.
    """

    name: str
    branch: str
    commit: str
    until: float
    units: tuple[str, ...] = ()
    owner: str = ""
    failed: bool = False

    @property
    def ends(self) -> str:
        """Until when, as ISO 8601."""
        return datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def fact(self) -> str:
        """What it is, in one line."""
        owner = f" by {self.owner}" if self.owner else ""
        units = ", ".join(self.units) or "nothing"
        return f"{self.name} is the environment of branch {self.branch}{owner}: {units}, until {self.ends}"
