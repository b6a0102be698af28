"""Find what somebody changed by hand: CloudFormation compares every recorded stack with its template."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.aws.index import read_release
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, Refused
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.flow.ownership import not_ours
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.status import Status
from multi_env_lambda.plan.changes import MASK, looks_secret
from multi_env_lambda.plan.ownership import owner_of
from multi_env_lambda.world import World

__all__ = ["UnitDrift", "find_drift", "with_drift"]

_WORKERS = 8


@attrs.frozen(kw_only=True)
class UnitDrift:
    """One stack after the comparison. ``problem``: why it could not be compared; the other stacks were all the same."""

    project: str
    environment: str
    stack_name: str
    status: str
    resources: tuple[ResourceDrift, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def drifted(self) -> bool:
        return bool(self.resources)

    @property
    def names(self) -> tuple[str, ...]:
        """What differs, as ``Resource/Property/Path``, or ``Resource deleted``."""
        return tuple(name for resource in self.resources for name in _names(resource))

    def to_document(self) -> dict[str, Any]:
        return attrs.asdict(self)


def find_drift(world: World, unit: str | None = None, environment: str | None = None) -> tuple[UnitDrift, ...]:
    """Compare every stack in which a unit runs, in parallel; None means all.

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
        if name == place.name and record.running is not None and unit in (None, project)
    ]
    with ThreadPoolExecutor(_WORKERS) as pool:
        return tuple(pool.map(lambda pair: _compare(world, *pair), pairs))


def with_drift(status: Status, found: Iterable[UnitDrift]) -> Status:
    """The matrix, with what was found; a stack that could not be compared stays as unknown as before."""
    names = {(item.project, item.environment): item.names for item in found if not item.problem}
    cells = tuple(attrs.evolve(c, drift=names.get((c.project, c.environment), c.drift)) for c in status.cells)
    return attrs.evolve(status, cells=cells)


def _compare(world: World, environment: Environment, record: Record) -> UnitDrift:
    stack_name = f"{record.project}-{environment.name}"
    try:
        assert record.release is not None
        stage = read_release(world.store, world.cache, record.project, record.release).stage(environment.name)
        stack_name = stack_name if stage is None else stage.stack_name
        _must_be_ours(world, environment, record, stack_name)
        found = world.platform.drift(environment, stack_name)
    except MultiEnvLambdaError as error:
        what = f"{error.where}: {error.what}"
        return _answer(record, stack_name, "NOT_CHECKED", problem=what, hint=error.hint)
    return _answer(record, stack_name, found.status, resources=tuple(map(_masked, found.resources)))


def _must_be_ours(world: World, environment: Environment, record: Record, stack_name: str) -> None:
    there = world.platform.look(environment, stack_name)
    if there is None:
        hint = f"to bring it back: `deploy {environment.name} --only {record.project} --force`"
        raise Refused(f"{record.project} in {environment.name}", f"the stack {stack_name} is gone", hint=hint)
    owner = owner_of(world.config.id, record.project, environment.name, record)
    if not owner.owns(there.tags, there.stack_id):
        hint = f"see what is in it: `plan {environment.name} --only {record.project} --force`"
        raise not_ours(record.project, environment, there, hint)


def _answer(record: Record, stack_name: str, status: str, **more: Any) -> UnitDrift:
    return UnitDrift(
        project=record.project, environment=record.environment, stack_name=stack_name, status=status, **more
    )


def _masked(resource: ResourceDrift) -> ResourceDrift:
    """Somebody may have typed a password into the console: it goes no further."""
    return attrs.evolve(resource, differences=tuple(map(_masked_difference, resource.differences)))


def _masked_difference(item: PropertyDifference) -> PropertyDifference:
    hidden = looks_secret(item.path.split("/"))
    expected, actual = (json.loads(MASK) if hidden else _masked_text(text) for text in (item.expected, item.actual))
    return attrs.evolve(item, expected=expected, actual=actual)


def _masked_text(text: str) -> str:
    """CloudFormation gives whole objects as JSON where one side has none."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return canonical_json(_masked_value(value)) if isinstance(value, dict | list) else text


def _masked_value(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: json.loads(MASK) if looks_secret((key,)) else _masked_value(each) for key, each in value.items()
            }
        case list():
            return [_masked_value(each) for each in value]
        case _:
            return value


def _names(resource: ResourceDrift) -> tuple[str, ...]:
    if resource.status == "DELETED" or not resource.differences:
        return (f"{resource.logical_id} {resource.status.lower()}",)
    return tuple(f"{resource.logical_id}{difference.path}" for difference in resource.differences)
