"""Bring a running stack under a unit: read both, decide, and carry the steps out under the unit's lease.

Each step is one change of a stack, or one import, and what was read says which are left: killed anywhere, the same
command finishes. Nothing that holds data is ever in a template without ``Retain`` once the first step is done, and
before that, nothing is taken out of a template.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import attrs

from multi_env_lambda.aws.account import StackRequest
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import ConfigurationError, PlanStale, Refused, StackError
from multi_env_lambda.flow.address import address_of
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.flow.identity import confirm, identified, settle_id
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.flow.publish import claim, complete
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.make.work_tree import work_tree
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.record import Loss, PhysicalResource, Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.resources import DataBucket, DataTable, MessageQueue, MessageTopic
from multi_env_lambda.plan.desired import Broken
from multi_env_lambda.plan.import_identifiers import IDENTIFIERS
from multi_env_lambda.plan.imports import NAME_OF, short_name
from multi_env_lambda.plan.ownership import owner_of, stack_tags, whose
from multi_env_lambda.plan.released import as_text, journal_of, released, retaining
from multi_env_lambda.plan.stack_adoption import Declared, OldStack, StackAdoption, UnitStack, decided
from multi_env_lambda.plan.template.parts import logical_id
from multi_env_lambda.world import World

__all__ = ["Seen", "carry_out", "look"]

Parse = Callable[[str, str], Mapping[str, Any]]
"""The document in a text of this name, in JSON or YAML."""

_AT_REST = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
_OF_A_SET = re.compile(r"StackSet-.+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How CloudFormation calls an instance of a stack set; nothing else shows that it is one.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
"""
_PATIENCE, _PAUSE = 900.0, 2.0
"""Seconds."""
_KINDS = (("tables", DataTable), ("queues", MessageQueue), ("topics", MessageTopic), ("buckets", DataBucket))
_ENDINGS = {"tables": "Table", "queues": "Queue", "topics": "Topic", "buckets": "Bucket", "functions": "Function"}


@attrs.frozen(kw_only=True)
class Seen:
    """What was read and made: both stacks, the release of the unit, and what was decided from them."""

    old: OldStack
    ours: UnitStack
    made: MadeRelease
    record: Record
    found: StackAdoption


def look(world: World, unit: Project, environment: str, source: str, parse: Parse) -> Seen:
    """Read the old stack and the unit's, and decide. Nothing is written.

    Raises:
        ConfigurationError: there is no such stack. Refused: it is another unit's, is being changed, or cannot be
            changed by who acts here.
    """
    confirm(world)
    place = world.config.environment(environment)
    target = unit.stack_name(place.name)
    if place.changes_units_only and source != target:
        what = f"it is no unit's, and the role {place.role_name} changes only stacks of units"
        hint = "an administrator can adopt it: set MULTI_ENV_LAMBDA_AS=administrator, and use her credentials"
        raise Refused(f"stack {source} in {place.name}", what, hint=hint)
    world.platform.verify(place)
    record = read_records(world, (place,)).get((place.name, unit.name)) or Record(
        project=unit.name, environment=place.name, workspace=world.config.id
    )
    made = _made(world, unit)
    reading = _at_rest(world, place, source)
    if reading is None:
        hint = "see `aws cloudformation list-stacks`, in the account and region of the environment"
        raise ConfigurationError(f"{unit.name} in {place.name}", f"there is no stack {source}", hint=hint)
    _must_be_free(reading, unit.name, place, record, world.config.id)
    old = _old(world, place, reading, parse)
    ours = UnitStack(
        unit=unit.name,
        environment=place.name,
        name=target,
        template=json.loads(made.templates[place.name]),
        there=old.resources if source == target else _in_target(world, place, target, record),
        declared=_declared(unit, place),
        tags=stack_tags(world.config.id, unit.name, place.name),
    )
    return Seen(old=old, ours=ours, made=made, record=record, found=decided(old, ours))


def _at_rest(world: World, place: Environment, stack: str) -> StackReading | None:
    """The stack once nothing changes it: what a killed run began goes on without it."""
    deadline, told = world.seconds() + _PATIENCE, False
    while True:
        reading = world.platform.look(place, stack)
        if reading is None or not reading.status.endswith("_IN_PROGRESS") or world.seconds() >= deadline:
            return reading
        if not told:
            world.said(f"waiting for another operation on {stack} in {place.name}")
            told = True
        world.sleep(_PAUSE)


def _made(world: World, unit: Project) -> MadeRelease:
    """The release of the work tree, with the templates of all environments."""
    request = Request(verb="deploy", target=world.config.environments[0].name, only=(unit.name,), force=True)
    wish = work_tree(world, request, {unit.name: None}, alone=unit.name)
    if unit.name in wish.made:
        return wish.made[unit.name]
    broken = wish.desired.get(unit.name)
    if isinstance(broken, Broken):
        raise broken.error
    raise ConfigurationError(unit.name, "it is not a unit of this work tree", hint="make a unit from the project first")


def _must_be_free(reading: StackReading, unit: str, place: Environment, record: Record, workspace: str) -> None:
    where = f"stack {reading.name} in {place.name}"
    is_a_units = any(name.startswith("multi_env_lambda:") for name in reading.tags)
    if is_a_units and not owner_of(workspace, unit, place.name, record).owns(reading.tags, reading.stack_id):
        raise Refused(where, whose(reading.tags), hint="ask its owner; a unit's stack is not adopted by another")
    if reading.parent or _OF_A_SET.fullmatch(reading.name):
        whole = f"the stack {reading.parent}" if reading.parent else "a stack set"
        what = f"it is part of {whole}, whose next update would create again what has left it, and empty"
        raise Refused(where, what, hint="make it a stack of its own first, or move its data to the unit by hand")
    if reading.status not in _AT_REST:
        what = f"it is {reading.status}; expected {', '.join(_AT_REST)}"
        raise Refused(where, what, hint="wait, or repair it with the tool that made it, then run the command again")


def _old(world: World, place: Environment, reading: StackReading, parse: Parse) -> OldStack:
    text = world.platform.template(place, reading.stack_id, processed=True)
    template = dict(parse(text, f"{reading.name}.template"))
    return OldStack(
        name=reading.name,
        stack_id=reading.stack_id,
        template=template,
        resources=tuple(
            item
            for item in world.platform.resources(place, reading.stack_id)
            if item.logical_id in template.get("Resources", {})
        ),
        outputs=reading.outputs,
        tags=reading.tags,
        status=reading.status,
        changed=reading.changed,
    )


def _in_target(world: World, place: Environment, target: str, record: Record) -> tuple[PhysicalResource, ...]:
    reading = world.platform.look(place, target)
    if reading is None or reading.status == "REVIEW_IN_PROGRESS":
        return ()
    owner = owner_of(world.config.id, record.project, place.name, record)
    if not owner.owns(reading.tags, reading.stack_id):
        hint = "adopt that stack instead, or rename the unit"
        raise Refused(f"stack {target} in {place.name}", f"the unit's name is taken: {whose(reading.tags)}", hint=hint)
    return world.platform.resources(place, reading.stack_id)


def _declared(unit: Project, place: Environment) -> dict[str, Declared]:
    """The resources of the unit whose name its table can state, by their logical ids."""
    settings = unit.settings[place.name]
    found = [
        Declared(kind=title, key=resource.key, name=resource.name)
        for title, kind in _KINDS
        for resource in settings.resources
        if isinstance(resource, kind)
    ]
    found += [Declared(kind="functions", key=function.key) for function in settings.functions]
    return {logical_id(one.key, _ENDINGS[one.kind]): one for one in found}


def carry_out(world: World, seen: Seen, again: Callable[[World], Seen]) -> None:
    """Do what is left, but the names in the table, which are stated before.

    Raises:
        PlanStale: one of the stacks is no longer what was shown.
        StackError: CloudFormation refuses a step; what was done before it stays, and the same command goes on.
    """
    place = world.config.environment(seen.found.environment)
    world = identified(world, settle_id(world, [seen.record]))
    receipts = claim(world, seen.made.release, seen.made)
    complete(world, seen.made, receipts)
    running = seen.record.release
    with hold(world, place.name, seen.found.unit, running=running, toward=seen.made.release.digest) as held:
        work = _Work(world=world, place=place, held=held, seen=seen)
        if "retain" in seen.found.steps:
            work.retain()
        if "release" in seen.found.steps:
            work = attrs.evolve(work, seen=_same(work.seen, again(world)))
            work.release()
        if {"import", "claim"} & set(seen.found.steps):
            work = attrs.evolve(work, seen=again(world))
            work.bring_in()
        held.changed()


def _same(before: Seen, now: Seen) -> Seen:
    """What was read again, provided that only policies and outputs have changed since."""
    if before.found.resources != now.found.resources or before.found.problems != now.found.problems:
        where = f"stack {now.old.name} in {now.ours.environment}"
        raise PlanStale(where, "somebody changed it in the meantime", hint="run the same command again, and read it")
    return now


@attrs.frozen(kw_only=True)
class _Work:
    """One adoption in progress."""

    world: World
    place: Environment
    held: HeldLease
    seen: Seen

    def retain(self) -> None:
        found, old = self.seen.found, self.seen.old
        self._say(f"retaining what is in {old.name}")
        moved = {one.logical_id for one in found.of("moves")}
        self._change(old.name, retaining(old.template, found.kept | moved, moved), old.tags)

    def release(self) -> None:
        found, old = self.seen.found, self.seen.old
        moved = {one.logical_id: one for one in found.of("moves")}
        journal = {
            one.becomes: {
                "was": one.logical_id,
                "type": one.type,
                "physical_id": one.physical_id,
                "properties": self._properties(one.logical_id, one.becomes, one.type, one.physical_id),
            }
            for one in moved.values()
        }
        self._say(f"releasing {', '.join(one.physical_id for one in moved.values())} from {old.name}")
        wanted = released(old.template, moved, old.outputs, {**journal_of(old.template), **journal})
        self._change(old.name, wanted, old.tags)

    def _properties(self, name: str, becomes: str, type_: str, physical_id: str) -> dict[str, Any]:
        """As they are, and with the name that the unit's template says."""
        own = as_text(self.seen.old.template, name, self.seen.old.outputs)
        key = NAME_OF.get(type_, (IDENTIFIERS[type_],))[0]
        if key in self.seen.ours.template["Resources"][becomes].get("Properties", {}):
            item = PhysicalResource(logical_id=becomes, type=type_, physical_id=physical_id)
            return {**own, key: short_name(item)}
        return own

    def bring_in(self) -> None:
        """Into the unit's stack, which is made if need be; then it has the tags of the unit."""
        old, ours = self.seen.old, self.seen.ours
        journal = journal_of(old.template)
        same = old.name == ours.name
        template = old.template if same else self._template(ours.name)
        bodies = {
            name: {
                "Type": one["type"],
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": one["properties"],
            }
            for name, one in journal.items()
        }
        resources = {**bodies, **template.get("Resources", {})}
        returning = tuple(
            PhysicalResource(logical_id=name, type=one["type"], physical_id=one["physical_id"])
            for name, one in journal.items()
        )
        tags = {**old.tags, **ours.tags} if same else ours.tags
        self._change(ours.name, {**template, "Resources": resources}, tags, returning)

    def _template(self, stack: str) -> Mapping[str, Any]:
        there = self.world.platform.look(self.place, stack)
        if there is None or there.status == "REVIEW_IN_PROGRESS":
            return {}
        found: Mapping[str, Any] = json.loads(self.world.platform.template(self.place, stack))
        resources = {name: body for name, body in found["Resources"].items() if name != "Nothing"}
        return {**found, "Resources": resources}

    def _change(
        self,
        stack: str,
        template: Mapping[str, Any],
        tags: Mapping[str, str],
        returning: tuple[PhysicalResource, ...] = (),
    ) -> None:
        text = json.dumps(template)
        release = self.seen.made.release
        stage = release.stage(self.place.name)
        assert stage is not None
        request = StackRequest(
            name=stack,
            template=text,
            address_of=partial(address_of, self.world, release, stage),
            token=f"adopt-f{self.held.fencing}-{secrets.token_hex(4)}",
            tags=tags,
            kept=tuple(template.get("Parameters", {})),
            is_of_others=stack != self.seen.ours.name,
            check=partial(_as_seen, self.seen.old, self.place),
            returning=returning,
            loses=partial(_nothing_lost, stack, self.place),
        )
        self.world.platform.deploy(self.place, request, self.held, self._say)

    def _say(self, text: str) -> None:
        found = self.seen.found
        self.world.tell(found.unit, found.environment, "deploy", text)


def _as_seen(old: OldStack, place: Environment, there: StackReading) -> None:
    """The old stack is the one whose template was read, and nobody has changed it since: that would be undone."""
    if there.name != old.name:
        return
    where, hint = f"stack {there.name} in {place.name}", "run the same command again, and read it"
    if there.stack_id != old.stack_id:
        raise PlanStale(where, "it is another stack than was shown", hint=hint)
    if there.changed != old.changed:
        raise PlanStale(where, f"it was read as of {old.changed}, and was changed at {there.changed}", hint=hint)
    if there.status not in _AT_REST and not there.status.endswith("_IN_PROGRESS"):
        # Otherwise it would be repaired, and some repairs delete the stack.
        raise StackError(where, f"it is {there.status}", hint="run the command again")


def _nothing_lost(stack: str, place: Environment, lost: Collection[Loss]) -> None:
    names = ", ".join(f"{one.logical_id} ({one.type} {one.physical_id})" for one in lost)
    what = f"CloudFormation would delete or replace {names}; nothing was executed"
    raise Refused(
        f"stack {stack} in {place.name}", what, hint="compare its template with what is there, in the console"
    )
