"""Units that cannot be built because of what their files say. The other units go on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.collisions import find_collisions
from multi_env_lambda.model.handed_over import wrong_values
from multi_env_lambda.model.lent import lent, wrong_lenders
from multi_env_lambda.model.order import wrong_needs
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["BrokenUnit", "find_broken", "sound_units"]


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


def sound_units(
    projects: Iterable[Project], unreadable: Collection[BrokenUnit], config: WorkspaceConfig
) -> tuple[tuple[Project, ...], tuple[BrokenUnit, ...]]:
    """The units that fit together, and those that are broken: unreadable, colliding, or with wrong needs.

    A unit that needs a broken unit is not broken itself; it waits.
    """
    units = tuple(projects)
    names = {unit.name: unit.folder for unit in unreadable}
    faults: dict[str, MultiEnvLambdaError] = {**find_collisions(units, config, unreadable=names)}
    known = names.keys() | {project.name for project in units}
    alone = [project for project in units if project.folder not in faults]
    faults |= wrong_needs(alone, known)
    faults |= wrong_values(project for project in units if project.folder not in faults)
    faults |= wrong_lenders([project for project in units if project.folder not in faults], known)
    broken = [
        BrokenUnit(name=project.name, folder=project.folder, error=faults[project.folder])
        for project in units
        if project.folder in faults
    ]
    return lent(project for project in units if project.folder not in faults), (*unreadable, *broken)
