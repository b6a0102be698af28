"""What one commit may do on its way through the stages, and what is known of it on this way."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import attrs

from multi_env_lambda.ci.subject import Branch, Tag
from multi_env_lambda.model.stages import Stage, stages_of
from multi_env_lambda.runs.hands import Hands, Line
from multi_env_lambda.world import World

__all__ = ["Passage", "dependents"]


@attrs.frozen(kw_only=True)
class Passage:
    """What one commit may do on its way.

    Args:
        root: where it is checked out; ``commit``: which one. line: the branch that it is of.
        to: the last environment that it may reach.
        only: the units that may change; empty: all.
        held: (unit, environment) that stay; what comes after there stays, too.
        about: why, for the records.
        of: what it is done for. spreads: whether cells of a stage may get builds of their own.
        handed: (cell, commit) that an earlier run has handed on, and that have ended.
    """

    hands: Hands
    world: World
    root: Path
    commit: str
    line: Line
    to: str
    only: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    about: str = ""
    of: Branch | Tag | None = None
    spreads: bool = False
    handed: tuple[tuple[str, str], ...] = ()
    tested: dict[str, str] = attrs.field(factory=dict)  # by unit, what its own tests said
    verified: dict[str, str] = attrs.field(factory=dict)  # by environment, what the command after it said
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False, eq=False)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Where it may come, by stage."""
        places = self.world.config.environments
        last = next(number for number, place in enumerate(places) if place.name == self.to)
        return stages_of(places[: last + 1])

    def is_first(self, place: str) -> bool:
        """Whether this environment takes the commit, and not what runs before it."""
        return place == self.world.config.environments[0].name

    def before(self, place: str) -> tuple[str, ...]:
        """The environments of the stage before."""
        return tuple(one.name for one in self.world.config.before(self.world.config.environment(place)))

    def kept(self, place: str) -> set[str]:
        """The units that people hold here or in a stage before."""
        earlier = self.world.config.earlier(self.world.config.environment(place))
        upto = {one.name for stage in earlier for one in stage} | {place}
        return {unit for unit, where in self.held if where in upto}

    def verify(self, command: tuple[str, ...], environment: str) -> str:
        """What the workspace's command says after an environment; asked once on this way."""
        with self._turn:
            if environment not in self.verified:
                self.hands.say(f"{environment}: {' '.join(command)}")
                self.verified[environment] = self.hands.proofs.environment(self.root, command, environment)
            return self.verified[environment]


def dependents(world: World, units: Iterable[str]) -> set[str]:
    """These units and all that need them, directly or not."""
    found = set(units)
    while more := {unit.name for unit in world.projects.outlines if found & set(unit.needs)} - found:
        found |= more
    return found
