"""Find what somebody changed by hand: CloudFormation compares every recorded stack with its template.

Three things it does not see are compared here: the template itself, which somebody may have replaced; the code of
functions; and where aliases point: of an alias it compares only what the template names, so no weights where that names
none.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import attrs

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.aws.index import read_noted_template, read_release, read_template
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, Refused
from multi_env_lambda.flow.aliases import strayed_of
from multi_env_lambda.flow.code import foreign_code
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.flow.ownership import not_ours
from multi_env_lambda.masking import masked
from multi_env_lambda.model.alias import StrayedAlias
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.status import Status
from multi_env_lambda.plan.aliases import said_aliases
from multi_env_lambda.plan.changes import MASK, looks_secret
from multi_env_lambda.plan.outside import changed_outside
from multi_env_lambda.plan.ownership import owner_of
from multi_env_lambda.plan.stackstate import DeleteThenCreate, stack_answer
from multi_env_lambda.world import World

__all__ = ["UnitDrift", "find_drift", "with_drift"]

_WORKERS = 8
_BY_HAND = "what was changed by hand no template undoes: put it back by hand, or make it a setting of the unit"


@attrs.frozen(kw_only=True)
class UnitDrift:
    """One stack after the comparison.

    ``problem``: why it could not be compared. ``unchecked``: resources as ``Name (type)`` of types that CloudFormation
    cannot compare, so that nothing is known of them. ``changed``: when its template was last changed, where that is not
    ours; CloudFormation does not say by whom. ``hint`` is what to do about either.
    """

    project: str
    environment: str
    stack_name: str
    status: str
    resources: tuple[ResourceDrift, ...] = ()
    problem: str = ""
    changed: str = ""
    hint: str = ""
    unchecked: tuple[str, ...] = ()

    @property
    def drifted(self) -> bool:
        return bool(self.resources)

    @property
    def not_compared(self) -> str:
        """A line about resources of which "no drift" says nothing; empty where there are none."""
        why = "CloudFormation cannot read these types"
        names = ", ".join(self.unchecked)
        return f"{self.environment} {self.project} not compared: {names}: {why}" if names else ""

    @property
    def names(self) -> tuple[str, ...]:
        """What differs, as ``Resource/Property/Path``, or ``Resource deleted``."""
        return tuple(name for resource in self.resources for name in _names(resource))

    def to_dict(self) -> dict[str, Any]:
        return attrs.asdict(self)


def find_drift(world: World, unit: str | None = None, environment: str | None = None) -> tuple[UnitDrift, ...]:
    """Compare every stack that is there by the records, in parallel; None means all.

    That is one in which a unit runs, and one that a first release has left when it failed.

    Raises:
        ConfigurationError: there is no such unit or environment.
    """
    places = world.config.environments if environment is None else (world.config.environment(environment),)
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
        found = pool.map(lambda pair: _compare(world, *pair), pairs)
        return tuple(item for item in found if item is not None)


def with_drift(status: Status, found: Iterable[UnitDrift]) -> Status:
    """The matrix, with what was found; a stack that could not be compared stays as unknown as before."""
    compared = tuple(found)
    names = {(item.project, item.environment): item.names for item in compared if not item.problem}
    cells = tuple(attrs.evolve(c, drift=names.get((c.project, c.environment), c.drift)) for c in status.cells)
    return attrs.evolve(status, cells=cells, notes=tuple(filter(None, (item.not_compared for item in compared))))


def _compare(world: World, environment: Environment, record: Record) -> UnitDrift | None:
    """None where a first release has failed and left no stack, or one with nothing in it."""
    stack_name = f"{record.project}-{environment.name}"
    try:
        if record.running is None and _is_empty(world.platform.look(environment, stack_name)):
            return None
        release = read_release(world.store, world.cache, record.project, _last(record).release)
        stage = release.stage(environment.name)
        stack_name = stack_name if stage is None else stage.stack_name
        there = _must_be_ours(world, environment, record, stack_name)
        found = world.platform.drift(environment, stack_name)
        template = world.platform.template(environment, stack_name)
        running, under_way = _templates(world, environment, record)
        outside = _outside(template, running, under_way)
        said = said_aliases(template, world.platform.resources(environment, stack_name))
        strayed = strayed_of(world, environment, said)
        gone = [item for item in strayed if _is_gone(world, environment, item)]
        aliases = list(map(_of_alias, strayed))
        code = foreign_code(world, environment, _known_codes(world, record, release), running, said)
    except MultiEnvLambdaError as error:
        what = f"{error.where}: {error.what}"
        return _answer(record, stack_name, "NOT_CHECKED", problem=what, hint=error.hint)
    ours = {item.logical_id for item in said}
    seen = [_masked(item) for item in found.resources if item.logical_id not in ours]
    resources = (*seen, *aliases, *code, *outside)
    status, changed = "DRIFTED" if resources else found.status, there.changed if outside else ""
    hint = _hint(record, seen, gone, again=bool(aliases or code or outside))
    return _answer(
        record, stack_name, status, resources=resources, changed=changed, hint=hint, unchecked=found.unchecked
    )


def _last(record: Record) -> Deployment:
    """What runs; where nothing has run yet, the attempt that left what is there."""
    found = record.running or record.latest
    assert found is not None
    return found


def _is_empty(there: StackReading | None) -> bool:
    return there is None or isinstance(stack_answer(there.status), DeleteThenCreate)


def _templates(world: World, environment: Environment, record: Record) -> tuple[str, list[str]]:
    """What runs by the record, and what attempts that are not over may have sent."""
    last = _last(record)

    def read(release: str) -> str:
        found = read_release(world.store, world.cache, record.project, release)
        return read_template(world.store, world.cache, found, environment.name)

    under_way: list[str] = []
    for release in _attempts(record):
        with suppress(MultiEnvLambdaError):
            under_way.append(read(release))
    if last.template_sha256:
        running = read_noted_template(world.store, world.cache, record.project, environment.name, last)
    else:
        running = read(last.release)
    return running, under_way


def _attempts(record: Record) -> list[str]:
    """The releases of attempts that are not over."""
    attempts = {record.unsure or ""}
    if record.latest is not None and record.latest.outcome == "shifting":
        attempts.add(record.latest.release)
    return sorted(attempts - {"", _last(record).release})


def _known_codes(world: World, record: Record, running: Release) -> tuple[str, ...]:
    """What a function may run: the code of what runs by the record, then that of attempts that are not over."""
    codes = [running.source.code_sha256]
    for release in _attempts(record):
        with suppress(MultiEnvLambdaError):
            codes.append(read_release(world.store, world.cache, record.project, release).source.code_sha256)
    return tuple(codes)


def _outside(there: str, running: str, under_way: list[str]) -> tuple[ResourceDrift, ...]:
    found = changed_outside(there, running, under_way)
    if found is None:
        whole = ResourceDrift(logical_id="", resource_type="the template", status="MODIFIED", differences=())
        return (whole,)
    return tuple(map(_of_change, found))


def _of_change(change: ResourceChange) -> ResourceDrift:
    """Values are masked already where their names are like those of secrets."""
    if change.action != "modify":
        status = {"add": "ADDED", "remove": "REMOVED"}[change.action]
        return ResourceDrift(logical_id=change.logical_id, resource_type=change.type, status=status, differences=())
    differences = tuple(
        _difference(f"/{item.path.replace('.', '/')}", item.old, item.new) for item in change.properties
    )
    return ResourceDrift(
        logical_id=change.logical_id, resource_type=change.type, status="MODIFIED", differences=differences
    )


def _difference(path: str, old: str | None, new: str | None) -> PropertyDifference:
    kind = "ADD" if old is None else "REMOVE" if new is None else "NOT_EQUAL"
    return PropertyDifference(path=path, expected=old or "null", actual=new or "null", kind=kind)


def _of_alias(strayed: StrayedAlias) -> ResourceDrift:
    said, there = strayed.said.state, strayed.found
    pairs = [] if there is None else [("/FunctionVersion", said.version, there.version)]
    if there is not None:
        pairs.append(("/RoutingConfig", canonical_json(dict(said.weights)), canonical_json(dict(there.weights))))
    return ResourceDrift(
        logical_id=strayed.said.logical_id,
        resource_type="AWS::Lambda::Alias",
        status="DELETED" if there is None else "MODIFIED",
        differences=tuple(_difference(path, old, new) for path, old, new in pairs if old != new),
    )


def _is_gone(world: World, environment: Environment, strayed: StrayedAlias) -> bool:
    """Whether nothing can point the alias back: the version that it should lead to is deleted."""
    said = strayed.said
    return world.platform.find_code(environment, said.function, said.state.version) is None


def _hint(record: Record, seen: Sequence[ResourceDrift], gone: Sequence[StrayedAlias], *, again: bool) -> str:
    """What to do; CloudFormation makes nothing anew that it believes to be there."""
    if any(item.status == "DELETED" and item.resource_type == "AWS::Lambda::Function" for item in seen):
        anew = f"`destroy {record.project} {record.environment}`, then `deploy {record.environment}"
        return f"no release makes a function anew that was deleted by hand: {anew} --only {record.project}`"
    if gone:
        versions = ", ".join(f"{item.said.function}:{item.said.state.version}" for item in gone)
        news = f"change code or a setting of the function and `deploy {record.environment} --only {record.project}`"
        return f"{versions} was deleted, and no version is made a second time: {news}, which publishes another"
    return "; ".join([*([_command(record)] if again else []), *([_BY_HAND] if seen else [])])


def _command(record: Record) -> str:
    """The template that ran is sent again, and aliases are pointed anew."""
    if record.running is None:
        return f"`deploy.py {record.environment} --only {record.project} --force` sends again what should run"
    command = f"`rollback.py {record.project} {record.environment}"
    if record.latest is not None and record.latest.outcome == "shifting":
        return f"{command}` sends what ran before the traffic began to move"
    return f"{command} --to {record.running.release[:12]} --force` sends again what should run"


def _must_be_ours(world: World, environment: Environment, record: Record, stack_name: str) -> StackReading:
    there = world.platform.look(environment, stack_name)
    if there is None:
        hint = f"to bring it back: `deploy {environment.name} --only {record.project} --force`"
        raise Refused(f"{record.project} in {environment.name}", f"the stack {stack_name} is gone", hint=hint)
    owner = owner_of(world.config.id, record.project, environment.name, record)
    if not owner.owns(there.tags, there.stack_id):
        hint = f"see what is in it: `plan {environment.name} --only {record.project} --force`"
        raise not_ours(record.project, environment, there, hint)
    return there


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
        return masked(text)
    return masked(canonical_json(_masked_value(value)) if isinstance(value, dict | list) else text)


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
        return (f"{resource.logical_id or resource.resource_type} {resource.status.lower()}",)
    return tuple(f"{resource.logical_id}{difference.path}" for difference in resource.differences)
