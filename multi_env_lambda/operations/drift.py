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
    places = world.config.environments if environment is None else (world.config.environment(environment),)
    records = read_records(world, places)
    if unit is not None:
        known = {project.name for project in world.projects} | {project for _, project in records}
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
    """The matrix, with what was found; a stack that could not be compared stays as unknown as before."""
    compared = tuple(found)
    names = {(item.project, item.environment): item.names for item in compared if not item.problem}
    cells = tuple(attrs.evolve(c, drift=names.get((c.project, c.environment), c.drift)) for c in status.cells)
    return attrs.evolve(status, cells=cells, notes=tuple(filter(None, (item.not_compared for item in compared))))
