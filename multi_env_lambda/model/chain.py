"""The order and the places of environments: what an uncommitted table takes away from the committed one.

An environment is reached through all that stand before it, so each of them protects it. A new one takes nothing away,
and the other environments of its stage do not protect it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.stages import path_of, stages_of

__all__ = ["weakened_order"]


def weakened_order(committed: Sequence[Environment], table: Sequence[Environment], name: str) -> tuple[str, ...]:
    """What is weaker in the table for one environment, with both values; nothing if either does not have it.

    Whatever comes after something else on the way to it in the committed table must do so in this one. All
    environments on the way, and the environment itself, must be in the same account and region.
    """
    if any(name not in [place.name for place in places] for places in (committed, table)):
        return ()
    before, here = _before(committed, name), _before(table, name)
    lines = []
    if not _pairs(before, name) <= _pairs(here, name):
        told = f"this work tree's table says {path_of((*here, (name,)))}"
        lines.append(f"{name}: {path_of((*before, (name,)))} is the committed order, but {told}")
    places = {place.name: place for place in table}
    way = {one for stage in (*before, (name,)) for one in stage}
    for place in committed:
        other = places.get(place.name)
        if place.name in way and other is not None and _where(place) != _where(other):
            told = f"but this work tree's table says {_where(other)}"
            lines.append(f"{name}: {place.name} is in {_where(place)} as committed, {told}")
    return tuple(lines)


def _before(places: Sequence[Environment], name: str) -> list[tuple[str, ...]]:
    """The names in the stages before that of an environment."""
    stages = [tuple(place.name for place in stage) for stage in stages_of(places)]
    return stages[: next(at for at, stage in enumerate(stages) if name in stage)]


def _pairs(before: Sequence[tuple[str, ...]], name: str) -> set[tuple[str, str]]:
    """What comes before what on the way to an environment."""
    return {(one, later) for first, second in combinations((*before, (name,)), 2) for one in first for later in second}


def _where(place: Environment) -> str:
    return f"{place.region} of account {place.account_id}"
