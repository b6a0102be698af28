"""Find what somebody changed by hand, in every stack that the records know."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.drifted import UnitDrift, compare
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.flow.ownership import not_ours
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.plan.ownership import owner_of
from multi_env_lambda.wording import advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import Record
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.world import World

__all__ = ["find_drift", "with_drift"]

_WORKERS = 8


def find_drift(world: World, unit: str | None = None, environment: str | None = None) -> tuple[UnitDrift, ...]:
    """Compare every stack that the records know, in parallel; None means all.

    Those are stacks in which a unit runs, and those that a failed first release has left. If a unit is named and has
    no record, that is reported as its problem, with whether a stack exists.

    Raises:
        ConfigurationError: there is no such unit or environment.
        SessionEnded: the credentials ended meanwhile.
    """
    with world.endings.raised():
        return _found(world, unit, environment)


def _found(world: World, unit: str | None, environment: str | None) -> tuple[UnitDrift, ...]:
    every = (*world.config.environments, *world.config.left)
    places = every if environment is None else (world.config.environment(environment),)
    records = read_records(world, places)
    if unit is not None:
        known = set(world.unit_names) | {project for _, project in records}
        if unit not in known:
            raise no_such_unit(unit, known, where="drift")
    pairs = [
        (place, record)
        for place in places
        for (name, project), record in sorted(records.items())
        if name == place.name and not record.gone and unit in (None, project)
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = [item for item in pool.map(lambda pair: compare(world, *pair), pairs) if item is not None]
    if unit is None:
        return tuple(found)
    compared = {place.name for place, _ in pairs}
    others = [place for place in places if place.name not in compared and place not in world.config.left]
    told = in_parallel(lambda place: _unrecorded(world, place, unit, records.get((place.name, unit))), others)
    # A unit without an environment means those that it is in, if any.
    everywhere = environment is not None or not compared
    return (*found, *(item for item, is_there in told if is_there or everywhere))


def _unrecorded(world: World, place: Environment, unit: str, record: Record | None) -> tuple[UnitDrift, bool]:
    """Why a named unit cannot be compared: nothing says what should run; and whether its stack exists."""
    name = f"{unit}-{place.name}"
    answer = UnitDrift(project=unit, environment=place.name, stack_name=name, status="NOT_CHECKED")
    nothing = f"{unit} in {place.name}: no record says what should run"
    deploys = advice("`{}` deploys it, and records what runs", unit_call("deploy", unit, place.name))
    try:
        there = world.platform.find_stacks(place, [name]).get(name)
    except MultiEnvLambdaError as error:
        problem = f"{nothing}; whether the stack {name} exists could not be checked: {error.where}: {error.what}"
        return attrs.evolve(answer, problem=problem, hint=error.hint), True
    if there is None or there.status == "REVIEW_IN_PROGRESS":
        return attrs.evolve(answer, problem=f"{nothing}, and there is no stack {name}", hint=deploys), False
    if not owner_of(world.config.id, unit, place.name, record).owns(there.tags, there.stack_id):
        look = unit_call("plan", unit, place.name, force=True)
        foreign = not_ours(unit, place, there, advice("see what is in it: `{}`", look))
        return attrs.evolve(answer, problem=f"{nothing}, and {foreign.what}", hint=foreign.hint), True
    why = "an attempt was not finished" if record is not None and record.unsure else "there is no record of it"
    return attrs.evolve(answer, problem=f"{nothing}, but the stack {name} exists: {why}", hint=deploys), True


def with_drift(status: Status, found: Iterable[UnitDrift]) -> Status:
    """The matrix, with what was found, or why that is unknown."""
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
    """What to print about one stack below the table: what is unknown about it, and what fixes it."""
    where = f"{item.environment} {item.project}"
    if item.problem:
        return (advice("{} could not be compared: {}; {}", where, item.problem, item.hint),)
    told = (advice("{}: {}", where, item.hint),) if item.drifted else ()
    return (*told, *((item.not_compared,) if item.not_compared else ()))
