"""Where and when a sample event happens."""

from __future__ import annotations

import attrs

__all__ = ["EPOCH", "Here"]

EPOCH = 1_774_944_000
"""Seconds until 2026-03-31T08:00:00Z."""


@attrs.frozen(kw_only=True)
class Here:
    """The account and region of what sends it."""

    account: str
    region: str

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"
