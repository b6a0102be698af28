"""Where the alias of a function points, and where CloudFormation pointed it."""

from __future__ import annotations

import attrs

__all__ = ["AliasState", "Counts", "SaidAlias", "StrayedAlias", "alias_text"]

_SAME = 0.001
"""Shares are hundredths; APIs return floats."""


@attrs.frozen(kw_only=True)
class AliasState:
    """The version that an alias points at, and the share of traffic that other versions get (0 to 1)."""

    version: str
    weights: tuple[tuple[str, float], ...]

    def is_like(self, other: AliasState | None) -> bool:
        """Whether both send the same traffic to the same versions."""
        if other is None or self.version != other.version:
            return False
        mine, theirs = dict(self.weights), dict(other.weights)
        return mine.keys() == theirs.keys() and all(abs(mine[key] - theirs[key]) < _SAME for key in mine)


@attrs.frozen(kw_only=True)
class SaidAlias:
    """An alias of a stack as CloudFormation last wrote it. ``function`` is the function's physical name."""

    logical_id: str
    function: str
    name: str
    state: AliasState


@attrs.frozen(kw_only=True)
class StrayedAlias:
    """An alias that is not where CloudFormation pointed it; ``found`` is None if it no longer exists."""

    said: SaidAlias
    found: AliasState | None

    def __str__(self) -> str:
        there = f"its alias {self.said.name} points at {alias_text(self.found)}"
        return f"{self.said.function}: {there}; CloudFormation pointed it at {alias_text(self.said.state)}"


def alias_text(alias: AliasState | None) -> str:
    """Where an alias points, in words.

    >>> alias_text(AliasState(version="1", weights=(("2", 0.2),)))
    'version 1, with 20 % to version 2'
    """
    if alias is None:
        return "nothing"
    shares = (f", with {share:.0%} to version {version}".replace("%", " %") for version, share in alias.weights)
    return f"version {alias.version}{''.join(shares)}"


@attrs.frozen(kw_only=True)
class Counts:
    """What one version did since some time."""

    invocations: int
    errors: int

    @property
    def rate(self) -> float:
        return self.errors / self.invocations if self.invocations else 0.0
