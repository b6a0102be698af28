"""Units that cannot be built because of what their files say. The other units go on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.collisions import find_collisions
from multi_env_lambda.model.handed_over import wrong_values
from multi_env_lambda.model.lent import wrong_lenders
from multi_env_lambda.model.order import wrong_needs
from multi_env_lambda.model.outline import Claims
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["BrokenUnit", "broken_units", "find_broken"]


@attrs.frozen(kw_only=True)
class BrokenUnit:
    """A folder that should be a unit. ``name`` is the one in its file if that can be read, else the folder's."""

    name: str
    folder: str
    error: MultiEnvLambdaError


def find_broken(units: Iterable[BrokenUnit], name: str, folder: str = "") -> BrokenUnit | None:
    """The one with this name, or the one that a release was built from, by the ``folder`` among its inputs.

    A file that cannot be parsed does not reveal the unit's name, but the record of what runs has its folder.
    """
    found = (
        unit
        for unit in units
        if unit.name == name or (folder and PurePosixPath(folder).is_relative_to(PurePosixPath(unit.folder)))
    )
    return next(found, None)


def broken_units(
    claims: Iterable[Claims], unreadable: Collection[BrokenUnit], config: WorkspaceConfig
) -> tuple[BrokenUnit, ...]:
    """All that are broken: the unreadable ones, and those that collide with others or have wrong needs.

    A unit that needs a broken unit is not broken itself; it waits.
    """
    units = tuple(claims)
    names = {unit.name: unit.folder for unit in unreadable}
    faults: dict[str, MultiEnvLambdaError] = {**find_collisions(units, config, unreadable=names)}
    known = names.keys() | {unit.name for unit in units}
    faults |= wrong_needs([unit for unit in units if unit.folder not in faults], known)
    faults |= wrong_values(unit for unit in units if unit.folder not in faults)
    faults |= wrong_lenders([unit for unit in units if unit.folder not in faults], known)
    broken = [
        BrokenUnit(name=unit.name, folder=unit.folder, error=faults[unit.folder])
        for unit in units
        if unit.folder in faults
    ]
    return (*unreadable, *broken)
