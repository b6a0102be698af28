"""The order and the places of environments: what an uncommitted table takes away from the committed one.

An environment is reached through all that stand before it, so each of them protects it. A new one takes nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.model.environment import Environment

__all__ = ["weakened_order"]


def weakened_order(committed: Sequence[Environment], table: Sequence[Environment], name: str) -> tuple[str, ...]:
    """What is weaker in the table for one environment, with both values; nothing if either does not have it.

    Environments that stand before it in the committed table must do so in the same order, and all of them, and the
    environment itself, must be in the same account and region.
    """
    if any(name not in [place.name for place in places] for places in (committed, table)):
        return ()
    before, here = _before(committed, name), _before(table, name)
    lines = []
    if [one for one in here if one in before] != before:
        told = f"this work tree's table says {_path(here, name)}"
        lines.append(f"{name}: {_path(before, name)} is the committed order, but {told}")
    places = {place.name: place for place in table}
    for place in committed:
        other = places.get(place.name)
        if place.name in (*before, name) and other is not None and _where(place) != _where(other):
            told = f"but this work tree's table says {_where(other)}"
            lines.append(f"{name}: {place.name} is in {_where(place)} as committed, {told}")
    return tuple(lines)


def _before(places: Sequence[Environment], name: str) -> list[str]:
    names = [place.name for place in places]
    return names[: names.index(name)]


def _path(before: Sequence[str], name: str) -> str:
    return " → ".join((*before, name))


def _where(place: Environment) -> str:
    return f"{place.region} of account {place.account_id}"
