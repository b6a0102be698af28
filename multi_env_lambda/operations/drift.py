"""Find what somebody changed by hand, in every stack that is there by the records."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.drifted import UnitDrift, compare
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.status import Status
from multi_env_lambda.world import World

__all__ = ["find_drift", "with_drift"]

_WORKERS = 8


def find_drift(world: World, unit: str | None = None, environment: str | None = None) -> tuple[UnitDrift, ...]:
    """Compare every stack that is there by the records, in parallel; None means all.

    That is one in which a unit runs, and one that a first release has left when it failed.

    Raises:
        ConfigurationError: there is no such unit or environment.
    """
    every = (*world.config.environments, *world.config.left)
    places = every if environment is None else (world.config.environment(environment),)
    records = read_records(world, places)
    if unit is not None:
        known = set(world.unit_names) | {project for _, project in records}
        if unit not in known:
            raise ConfigurationError("drift", f"there is no unit `{unit}`", hint=did_you_mean(unit, known))
    pairs = [
        (place, record)
        for place in places
        for (name, project), record in sorted(records.items())
        if name == place.name and not record.gone and unit in (None, project)
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = pool.map(lambda pair: compare(world, *pair), pairs)
        return tuple(item for item in found if item is not None)


def with_drift(status: Status, found: Iterable[UnitDrift]) -> Status:
    """The matrix, with what was found, or why that is not known."""
    compared = tuple(found)
    names = {(item.project, item.environment): item.names for item in compared if not item.problem}
    problems = {(item.project, item.environment): item.problem for item in compared if item.problem}
    cells = tuple(
        attrs.evolve(c, drift=names.get(place, c.drift), uncompared=problems.get(place))
        for c, place in ((c, (c.project, c.environment)) for c in status.cells)
    )
    notes = [line for item in compared for line in _notes(item)]
    return attrs.evolve(status, cells=cells, notes=(*status.notes, *notes))


def _notes(item: UnitDrift) -> tuple[str, ...]:
    """What is to be said of one stack below the table: what of it is unknown, and what puts it right."""
    where = f"{item.environment} {item.project}"
    if item.problem:
        return (f"{where} not compared: {item.problem}; {item.hint}",)
    told = (f"{where}: {item.hint}",) if item.drifted else ()
    return (*told, *((item.not_compared,) if item.not_compared else ()))
