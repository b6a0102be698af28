"""The read-only verbs behind the public API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api import tables
from multi_env_lambda.api.listing import Listing
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.freezes import freezes_of, holds_of
from multi_env_lambda.flow.left import left_lines, with_all_left, with_all_records, with_left
from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.moved import place_of
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.stages import path_of
from multi_env_lambda.model.status import Cell, Status, make_status
from multi_env_lambda.plan.outputs import recorded_outputs

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.flow.observe import Records
    from multi_env_lambda.model.branch_environment import BranchEnvironment
    from multi_env_lambda.model.broken import BrokenUnit
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.waiting import WaitingChange
    from multi_env_lambda.plan.permissions import Permissions
    from multi_env_lambda.world import World

__all__ = [
    "described",
    "doctor",
    "drift",
    "history",
    "matrix",
    "must_exist",
    "permissions",
    "status",
]


def described(opened: Opened) -> str:
    """The folder, where it goes, its units and the environments in order, in one line."""
    where = "local cloud" if opened.local else "AWS"
    units = (*(unit.name for unit in opened.projects.outlines), *(f"{name} (broken)" for name in opened.faults))
    chain = path_of((place.name for place in stage) for stage in opened.config.stages)
    return f"{opened.root.name} on {where}: {', '.join(units)}; {chain}"


def status(opened: Opened, name: str | None = None, environment: str | None = None, *, drift: bool = False) -> Status:
    """The matrix, or one row or column of it; notes list broken units and stacks without a record."""
    from multi_env_lambda.operations.without_record import without_record

    with opened.world.endings.raised():
        found = matrix(opened, name, drift=drift)
        chosen = found if environment is None else found.in_environment(environment)
        broken = (f"{unit.error.where}: {unit.error.what}" for unit in opened.broken if name in (None, unit.name))
        return attrs.evolve(chosen, notes=(*broken, *without_record(opened.world, chosen), *chosen.notes))


def matrix(opened: Opened, name: str | None = None, *, drift: bool = False) -> Status:
    """Units × environments, from the records and Git; with ``drift``, compared against every stack."""
    from multi_env_lambda.operations.newer import with_newer

    world, found = with_all_records(opened.world)
    broken = _broken(opened.broken, found.records)
    units = (*(unit.name for unit in opened.projects.outlines), *broken)
    read = make_status(world.config, units, found.records, found.unreadable)
    if name is not None and name not in (known := (*read.units, *read.removed)):
        raise no_such_unit(name, known)
    read = attrs.evolve(read, broken=broken, left_out=_left_out(world, read.removed, found.records))
    compared = _compared(world, read, name) if drift else read
    compared = attrs.evolve(compared, notes=(*left_lines(world.config.left, found.records), *compared.notes))
    compared = attrs.evolve(compared, freezes=_stopped(world, found.records), own=_own(world), waits=_waits(world))
    compared = with_newer(world, _with_outputs(world, compared, found.records, console=not opened.local))
    return compared if name is None else compared.of(name)


def _compared(world: World, status: Status, name: str | None) -> Status:
    """With what somebody changed by hand."""
    from multi_env_lambda.operations.drift import find_drift, with_drift

    return with_drift(status, find_drift(world, name))


def _with_outputs(world: World, status: Status, records: Records, *, console: bool) -> Status:
    """What the records tell about what was made, also in what left the table; no call for any of it."""

    def of_cell(cell: Cell) -> Cell:
        record = records.get((cell.environment, cell.project))
        if record is None or record.running is None:
            return cell
        place = place_of(record, world.config.environment(cell.environment))
        made = recorded_outputs(record.running.resources, place, console=console)
        return attrs.evolve(cell, outputs=made)

    return attrs.evolve(status, cells=tuple(map(of_cell, status.cells)))


def must_exist(world: World, name: str) -> None:
    """Read records only if no folder of the work tree has this name.

    Raises:
        ConfigurationError: no record of any environment has it either.
    """
    if name in world.unit_names:
        return
    _, found = with_all_records(world)
    known = {*world.unit_names, *(project for _, project in (*found.records, *found.unreadable))}
    if name not in known:
        raise no_such_unit(name, known)


def _stopped(world: World, records: Records) -> tuple[Freeze, ...]:
    """Freezes and holds, environment by environment: a GET for each that has a freeze, and no other call."""
    found: list[Freeze] = []
    for place in (*world.config.environments, *world.config.left):
        found += freezes_of(world, place.name)
        found += holds_of(place.name, {unit: record for (name, unit), record in records.items() if name == place.name})
    return tuple(found)


def _own(world: World) -> tuple[BranchEnvironment, ...]:
    """The environments of branches, if the table lets branches have any: one LIST, and a GET for each."""
    if not world.config.ci.branches:
        return ()
    from multi_env_lambda.operations.own_kept import own_environments

    return own_environments(world.store)


def _waits(world: World) -> tuple[WaitingChange, ...]:
    """What waits for somebody's yes, where a CI deploys."""
    config = world.config
    if not any((config.ci_stack, config.github, config.gitlab, config.bitbucket)):
        return ()
    from multi_env_lambda.operations.ci_kept import waiting_changes

    return waiting_changes(world.store, config.ci.branch)


def _broken(units: tuple[BrokenUnit, ...], records: Records) -> tuple[str, ...]:
    """The names under which broken units run: a file that cannot be parsed does not reveal its name."""
    names = {unit.folder: unit.name for unit in reversed(units)}
    for (_, project), record in sorted(records.items()):
        folder = "" if record.running is None else record.running.folder
        names |= {unit.folder: project for unit in units if folder == unit.folder}
    return tuple(sorted(set(names.values())))


def _left_out(world: World, removed: tuple[str, ...], records: Records) -> tuple[str, ...]:
    """Of units without a folder, those that a sparse checkout leaves out; Git is asked only if there are any."""
    built = ((unit, record.running) for (_, unit), record in records.items() if unit in removed)
    folders = {unit: running.folder for unit, running in built if running is not None and running.folder}
    skipped = world.maker.left_out(set(folders.values())) if folders else frozenset()
    return tuple(unit for unit in removed if folders.get(unit) in skipped)


def drift(world: World, name: str | None, environment: str | None) -> Listing[UnitDrift]:
    """One item per stack, including those that could not be compared."""
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.operations.drift import find_drift

    world = with_all_left(world) if environment is None else with_left(world, environment)
    if environment is None and name in {place.name for place in world.config.left}:
        name, environment = None, name
    return Listing(find_drift(world, name, environment), tables.drifts, UnitDrift.to_dict)


def history(
    opened: Opened, unit: str, environment: str | None, newest: int | None, before: int | None
) -> Listing[Deployment]:
    """Its deployments in one environment, oldest first; see ``Project.history``."""
    if not unit:
        raise ConfigurationError("units", "the name of a unit is empty", hint="name a folder of `projects`")
    if newest is not None and newest < 1:
        what = f"found {newest}; expected a number from 1"
        raise ConfigurationError("newest", what, hint="without `newest`, all deployments are returned")
    world = opened.world if environment is None else with_left(opened.world, environment)
    place = opened.place().name if environment is None else world.config.environment(environment).name
    past = opened.world.ledger.history(place, unit, newest=newest, before=before)
    if not past:
        must_exist(opened.world, unit)
    return Listing(past, tables.deployments, Deployment.to_dict)


def doctor(opened: Opened) -> Listing[Finding]:
    """All checks of this machine, the caller, the bucket and the accounts, using separate sessions."""
    from multi_env_lambda.api.access import access_of, ci_of_opened, webhook_check
    from multi_env_lambda.operations.doctor import examine

    sessions = opened.sessions()
    pythons = {python for project in opened.projects for python in project.pythons}
    wanted, ci = partial(access_of, opened), partial(ci_of_opened, opened)
    found = examine(
        opened.config,
        pythons,
        sessions,
        sessions.variables(),
        lambda: opened.world,
        wanted,
        ci,
        webhook_check(opened, sessions),
    )
    return Listing(found, tables.findings, Finding.to_dict)


def permissions(opened: Opened, place: str) -> Permissions:
    """The permissions that a role needs, derived from the units' settings and from what their ``stack.py`` adds."""
    from multi_env_lambda.operations.permissions import permissions_of

    return permissions_of(opened.root, opened.config, tuple(opened.projects), place, opened.faults)
