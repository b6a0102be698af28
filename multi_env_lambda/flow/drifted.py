"""What somebody changed by hand in one stack: CloudFormation compares it with its template.

What it does not see is compared here: the template itself, which somebody may have replaced; the code of functions, and
what no property says about them (flow/unnamed.py); and where aliases point: of an alias it compares only what the
template names, so no weights if the template names none.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import attrs

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.aws.error_codes import is_of_missing_stack
from multi_env_lambda.aws.index import read_noted_template, read_release, read_template
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import MultiEnvLambdaError, Refused, StackError
from multi_env_lambda.flow.aliases import strayed_of
from multi_env_lambda.flow.attempts import attempts, is_shifting
from multi_env_lambda.flow.code import foreign_code, latest_codes
from multi_env_lambda.flow.ownership import not_ours
from multi_env_lambda.flow.publish import publish_again
from multi_env_lambda.flow.unnamed import STACK, lost_layers, tag_drift, unnamed_drift
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.masking import masked
from multi_env_lambda.model.alias import StrayedAlias
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.moved import moved
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.plan.aliases import said_aliases
from multi_env_lambda.plan.changes import MASK, looks_secret
from multi_env_lambda.plan.outside import changed_outside
from multi_env_lambda.plan.ownership import owner_of, stack_tags
from multi_env_lambda.plan.pins import code_of
from multi_env_lambda.plan.stackstate import DeleteThenCreate, stack_answer
from multi_env_lambda.wording import Advice, advice, unit_call
from multi_env_lambda.world import World

__all__ = ["STACK", "UnitDrift", "compare", "repair_command"]

OBJECT = "AWS::S3::Object"
"""What a release consists of; CloudFormation has no such type."""

_OTHER_LAYER = advice(
    "name another version in `layers` of the unit, and deploy it; what else differs is for `{}` then",
    Advice("repair.py", "repair()"),
)


@shown_as_text
@attrs.frozen(kw_only=True)
class UnitDrift:
    """One stack after the comparison.

    Args:
        project, environment: the unit, and where it runs.
        stack_name: the name of the stack.
        status: ``IN_SYNC``, ``DRIFTED``, ``NOT_CHECKED`` or ``UNKNOWN``.
        resources: what differs from the template.
        problem: why it could not be compared; empty if it was.
        changed: when its template was last changed, if that was not us; CloudFormation does not say by whom.
        hint: what to do about it.
        unchecked: ``Name (type)`` of what CloudFormation cannot compare, so nothing is known about it.
        for_good: what no repair brings back.
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
    for_good: str = ""

    @property
    def drifted(self) -> bool:
        """Whether anything differs."""
        return bool(self.resources)

    @property
    def not_compared(self) -> str:
        """A line about resources that "no drift" does not cover; empty if there are none."""
        why = "CloudFormation cannot read these types"
        names = ", ".join(self.unchecked)
        return f"{self.environment} {self.project} not compared: {names}: {why}" if names else ""

    @property
    def names(self) -> tuple[str, ...]:
        """What differs, as ``Resource/Property/Path``, or ``Resource deleted``."""
        return tuple(name for resource in self.resources for name in _names(resource))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)

    def text(self) -> str:
        """What differs, why it could not be compared, and what to do about it."""
        from multi_env_lambda.show.difference import drift_shown
        from multi_env_lambda.show.render import text_of

        return text_of(drift_shown([self]))


def compare(world: World, environment: Environment, record: Record, sent: str | None = None) -> UnitDrift | None:
    """Compare one stack with what the record says; None if a first release has failed and left nothing.

    ``sent``: the template that was just sent and is not recorded yet.
    """
    stack_name = f"{record.project}-{environment.name}"
    try:
        _must_be_here(record, environment)
        if record.running is None and _is_empty(world.platform.look(environment, stack_name)):
            return None
        release = read_release(world.store, world.cache, record.project, _last(record).release)
        stage = release.stage(environment.name)
        stack_name = stack_name if stage is None else stage.stack_name
        found = _of_stack(world, environment, record, release, stack_name, sent)
        if found is None:
            gone = ResourceDrift(logical_id=stack_name, resource_type=STACK, status="DELETED", differences=())
            found = _answer(record, stack_name, "DRIFTED", resources=(gone,), hint=_hint(world, environment, record))
        return _with_lost_objects(world, release, found)
    except MultiEnvLambdaError as error:
        what = f"{error.where}: {error.what}"
        return _answer(record, stack_name, "NOT_CHECKED", problem=what, hint=error.hint)


def _of_stack(
    world: World, environment: Environment, record: Record, release: Release, stack_name: str, sent: str | None
) -> UnitDrift | None:
    """What differs in the stack; None if it is gone, also if only the comparison finds that.

    Raises:
        StackError: it is being deleted, so what will be left of it is not known yet.
    """
    there = world.platform.look(environment, stack_name)
    if there is None or _is_empty(there):
        return None
    ours = _ours(world, environment, record, there)
    if ours.status == "DELETE_IN_PROGRESS":
        hint = "run the same command again when it has been deleted"
        raise StackError(f"stack {stack_name} in {environment.name}", "it is being deleted", hint=hint)
    try:
        return _compared(world, environment, record, release, ours, sent)
    except MultiEnvLambdaError as error:
        if is_of_missing_stack(error):
            return None
        raise


def _compared(
    world: World,
    environment: Environment,
    record: Record,
    release: Release,
    there: StackReading,
    sent: str | None,
) -> UnitDrift:
    stack_name = there.name
    found = world.platform.drift(environment, stack_name)
    template = world.platform.template(environment, stack_name)
    running, under_way = _templates(world, environment, record)
    running = running if sent is None else sent
    found_outside = changed_outside(template, running, under_way, _kept(world, environment, record))
    outside = _outside(found_outside)
    said = said_aliases(template, world.platform.resources(environment, stack_name))
    aliases = [_of_alias(item) for item in strayed_of(world, environment, said)]
    latest = latest_codes(world, environment, running)
    code = foreign_code(world, environment, _known_codes(world, record, release, running), running, said, latest)
    ours = {item.logical_id for item in said}
    seen = [_masked(item) for item in found.resources if item.logical_id not in ours]
    unnamed = unnamed_drift(world.platform, environment, running, latest)
    tags = tag_drift(stack_name, there.tags, _tags(world, environment, record, there))
    resources = (*seen, *aliases, *code, *unnamed, *map(_masked, tags), *outside)
    lost = lost_layers(unnamed, running)
    return _answer(
        record,
        stack_name,
        "DRIFTED" if resources else found.status,
        resources=resources,
        changed=there.changed if outside else "",
        hint=_OTHER_LAYER if lost else _hint(world, environment, record) if resources else "",
        for_good=f"somebody deleted {', '.join(lost)}, and nothing brings it back" if lost else "",
        unchecked=found.unchecked,
    )


def _with_lost_objects(world: World, release: Release, found: UnitDrift) -> UnitDrift:
    """Also what the bucket lacks of the release: without it nothing can be repaired, promoted or rolled back to."""
    there = in_parallel(lambda item: world.store.head(item.key) is not None, release.objects)
    lost = [item.key for item, is_there in zip(release.objects, there, strict=True) if not is_there]
    if not lost:
        return found
    gone = (ResourceDrift(logical_id=key, resource_type=OBJECT, status="DELETED", differences=()) for key in lost)
    what = f"the bucket lacks {', '.join(lost)}"
    return attrs.evolve(
        found, status="DRIFTED", resources=(*found.resources, *gone), for_good=what, hint=publish_again(release.project)
    )


def _tags(world: World, environment: Environment, record: Record, there: StackReading) -> dict[str, str]:
    """The tags that its last deployment has sent. 0.1.1 noted no stack, and knew no workspace."""
    of_0_1_1 = not _last(record).stack_id and not any("workspace" in name for name in there.tags)
    return stack_tags("" if of_0_1_1 else world.config.id, record.project, environment.name)


def _must_be_here(record: Record, environment: Environment) -> None:
    elsewhere = moved(record, environment)
    if elsewhere is not None:
        raise Refused(f"{record.project} in {environment.name}", elsewhere[0], hint=elsewhere[1])


def _last(record: Record) -> Deployment:
    """What runs; if nothing has run yet, the attempt that left what is there."""
    found = record.running or record.latest
    assert found is not None
    return found


def _is_empty(there: StackReading | None) -> bool:
    return there is None or isinstance(stack_answer(there.status), DeleteThenCreate)


def _templates(world: World, environment: Environment, record: Record) -> tuple[str, list[str]]:
    """What runs according to the record, and what attempts that are not over may have sent."""
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
    """The releases of attempts that are not over, besides what should run."""
    return [release for release in attempts(record, record.unsure) if release != _last(record).release]


def _known_codes(world: World, record: Record, running: Release, template: str) -> dict[str, tuple[str, ...]]:
    """What each function of the template may run: the recorded code, then that of attempts that are not over."""
    attempted: list[str] = []
    for release in _attempts(record):
        with suppress(MultiEnvLambdaError):
            attempted += read_release(world.store, world.cache, record.project, release).wheels.values()
    return {name: (running.code_at(code.key), *attempted) for name, code in code_of(template).items()}


def _kept(world: World, environment: Environment, record: Record) -> frozenset[str]:
    """What our own deployments have left in the stack beyond the release that runs, if it still holds data.

    A rollback and a repair recorded it; a release that failed its checks and was rolled back brought it.
    """
    kept = frozenset(item.logical_id for item in _last(record).resources)
    latest = record.latest
    if latest is not None and latest.outcome == "went back":
        with suppress(MultiEnvLambdaError):
            failed = read_release(world.store, world.cache, record.project, latest.release)
            kept |= json.loads(read_template(world.store, world.cache, failed, environment.name))["Resources"].keys()
    return kept


def _outside(found: tuple[ResourceChange, ...] | None) -> tuple[ResourceDrift, ...]:
    if found is None:
        whole = ResourceDrift(logical_id="", resource_type="the template", status="MODIFIED", differences=())
        return (whole,)
    return tuple(map(_of_change, found))


def _of_change(change: ResourceChange) -> ResourceDrift:
    """Values are already masked if their names look like those of secrets."""
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


def repair_command(record: Record) -> str:
    """The one command that restores what the record says."""
    if record.running is None:
        again = unit_call("deploy", record.project, record.environment, force=True)
        return advice("`{}` redeploys what should run", again)
    if is_shifting(record):
        back = unit_call("rollback", record.project, record.environment)
        return advice("`{}` restores what ran before the traffic shift", back)
    repair = unit_call("repair", record.project, record.environment)
    return advice("`{}` fixes it; it first shows what it would do", repair)


def _hint(world: World, environment: Environment, record: Record) -> str:
    """Nothing is deployed to an environment that left the table."""
    if environment not in world.config.left:
        return repair_command(record)
    ends = "`{}` removes it; to keep it, add {} to the table again and repair it"
    return advice(ends, unit_call("destroy", record.project, environment.name), environment.name)


def _ours(world: World, environment: Environment, record: Record, there: StackReading) -> StackReading:
    owner = owner_of(world.config.id, record.project, environment.name, record)
    if not owner.owns(there.tags, there.stack_id):
        look = unit_call("plan", record.project, environment.name, force=True)
        hint = advice("see what is in it: `{}`", look)
        raise not_ours(record.project, environment, there, hint)
    return there


def _answer(record: Record, stack_name: str, status: str, **more: Any) -> UnitDrift:
    return UnitDrift(
        project=record.project, environment=record.environment, stack_name=stack_name, status=status, **more
    )


def _masked(resource: ResourceDrift) -> ResourceDrift:
    """Somebody may have typed a password into the console: it must go no further."""
    return attrs.evolve(resource, differences=tuple(map(_masked_difference, resource.differences)))


def _masked_difference(item: PropertyDifference) -> PropertyDifference:
    path = item.path.split("/")
    hidden = looks_secret(path) or any(_is_hidden(path[-1], text) for text in (item.expected, item.actual))
    expected, actual = (json.loads(MASK) if hidden else _masked_text(text) for text in (item.expected, item.actual))
    return attrs.evolve(item, expected=expected, actual=actual)


def _masked_text(text: str) -> str:
    """CloudFormation returns whole objects as JSON if one side has none."""
    try:
        value = json.loads(text)
    except ValueError:
        return masked(text)
    return masked(canonical_json(_masked_value(value)) if isinstance(value, dict | list) else text)


def _is_hidden(key: str, value: Any) -> bool:
    return looks_secret((key,)) or (isinstance(value, str) and plain_secret(key, value) is not None)


def _masked_value(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: json.loads(MASK) if _is_hidden(key, each) else _masked_value(each) for key, each in value.items()
            }
        case list():
            return [_masked_value(each) for each in value]
        case _:
            return value


def _names(resource: ResourceDrift) -> tuple[str, ...]:
    if resource.status == "DELETED" or not resource.differences:
        return (f"{resource.logical_id or resource.resource_type} {resource.status.lower()}",)
    return tuple(f"{resource.logical_id}{difference.path}" for difference in resource.differences)
