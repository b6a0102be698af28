"""The environments that left the table while something still runs in them: only the bucket knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.observe import AllRecords, Records, read_named
from multi_env_lambda.model.ci import BRANCH_PREFIX
from multi_env_lambda.model.left import left_environment, left_line

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Record
    from multi_env_lambda.world import World

__all__ = ["left_lines", "lines_of_left", "with_all_left", "with_all_records", "with_left"]


def with_left(world: World, name: str) -> World:
    """The same world, plus the environment if the table has none with this name; otherwise nothing is read.

    Raises:
        ConfigurationError: its records do not say where it was.
    """
    if name in {place.name for place in (*world.config.environments, *world.config.left)}:
        return world
    records = world.ledger.records(name) if name in world.store.folders("environments/") else {}
    place = left_environment(world.config, name, records.values())
    if records and place is None:
        what = f"the environment `{name}` is no longer in the table, and its records do not say in which account it was"
        raise ConfigurationError("environment", what, hint="add it to the table again, then rerun the command")
    return world if place is None else _knowing(world, (place,))


def with_all_left(world: World) -> World:
    """The same world, plus every environment that left the table while a unit runs in it. One LIST, if none."""
    return _knowing(world, tuple(place for place, _ in _left(world)))


def with_all_records(world: World) -> tuple[World, AllRecords]:
    """The same world, and every record of the environments that it knows, each read once."""
    names = [place.name for place in world.config.environments]
    names += [name for name in _folders(world) if name not in names]
    found = read_named(world, names)
    left = _running(world, found.records)
    known = {place.name for place in (*world.config.environments, *(place for place, _ in left))}
    return _knowing(world, tuple(place for place, _ in left)), AllRecords(
        records={key: record for key, record in found.records.items() if key[0] in known},
        unreadable={key: error for key, error in found.unreadable.items() if key[0] in known},
    )


def _left(world: World) -> list[tuple[Environment, Mapping[str, Record]]]:
    """Those environments, with their records."""
    known = {place.name for place in world.config.environments}
    names = [name for name in _folders(world) if name not in known]
    return _running(world, read_named(world, names).records)


def _folders(world: World) -> tuple[str, ...]:
    """Those that the bucket knows, but for environments of branches, which never were in the table."""
    names = world.store.folders("environments/")
    return tuple(name for name in names if not (world.config.ci.branches and name.startswith(BRANCH_PREFIX)))


def _running(world: World, records: Records) -> list[tuple[Environment, Mapping[str, Record]]]:
    """Of the environments that the table does not know, those in which something runs, or did not end."""
    known = {place.name for place in world.config.environments}
    found: dict[str, dict[str, Record]] = {}
    for (place, unit), record in records.items():
        if place not in known:
            found.setdefault(place, {})[unit] = record
    running = {name: each for name, each in found.items() if any(not record.gone for record in each.values())}
    places = [(left_environment(world.config, name, each.values()), each) for name, each in running.items()]
    return [(place, each) for place, each in places if place is not None]


def left_lines(places: Iterable[Environment], records: Records) -> tuple[str, ...]:
    """A line for each that has left, as for a removed unit."""
    lines = (left_line(item, [record for (name, _), record in records.items() if name == item.name]) for item in places)
    return tuple(filter(None, lines))


def lines_of_left(world: World) -> tuple[str, ...]:
    """The same lines, for callers that have not read their records."""
    left = _left(world)
    records = {(place.name, unit): record for place, found in left for unit, record in found.items()}
    return left_lines([place for place, _ in left], records)


def _knowing(world: World, places: tuple[Environment, ...]) -> World:
    return attrs.evolve(world, config=attrs.evolve(world.config, left=places)) if places else world
