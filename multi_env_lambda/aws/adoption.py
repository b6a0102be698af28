"""Bring existing resources into a stack by their address, before the change that wants them.

CloudFormation finds by itself only what has the same name in the template and in AWS; a queue is known by its URL
and a topic by its ARN, which no template has. They are imported one by one by a separate operation, which may change
nothing else: neither tags nor outputs nor other resources. Without a stack, one that creates nothing is made first, so
that it carries the tags that say whose it is. The change that follows applies the settings to what was imported.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-existing-stack.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, assert_never

import attrs

from multi_env_lambda.aws.change_set import ChangeSet, ChangeSets, Execution, Import, Target
from multi_env_lambda.aws.execution import failure_of
from multi_env_lambda.aws.poller import Poller, StackReading
from multi_env_lambda.aws.stack_listing import resources_of, template_of
from multi_env_lambda.aws.wait_conditions import statuses
from multi_env_lambda.errors import PlanStale, StackError
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.import_identifiers import IDENTIFIERS
from multi_env_lambda.plan.imports import NAME_OF, fixed, may_import, short_name
from multi_env_lambda.plan.stackstate import (
    ChangesReady,
    Executed,
    KeepWaiting,
    NoChanges,
    NotExecuted,
    Obsolete,
    is_final,
)

__all__ = ["Adoption"]

_NOTHING = json.dumps({"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
"""A stack must have a resource; this one is an address, and creates nothing."""

_AFTER_AN_IMPORT = ("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

_GONE = ("was not found", "does not exist", "not found")
_HINT = "rename it here, remove it there, or import it in the CloudFormation console"


Tell = Callable[[str], None]
Change = Callable[[Target, StackReading | None, Callable[[], None], Tell], object]


@attrs.frozen
class Adoption:
    """Imports into the stacks of one account and region."""

    client: Any
    change_sets: ChangeSets
    poller: Poller
    describe: Callable[[str], StackReading | None]

    def bring(self, target: Target, before: StackReading | None, told: Tell, change: Change) -> StackReading | None:
        """Import what ``target.returning`` names and the stack lacks, and return the stack as it is then.

        What no longer exists is left to be created. ``change`` deploys a target to a stack that was read.

        Raises:
            StackError: it belongs to another stack, or the import failed; nothing was changed.
            PlanStale: somebody else changed the stack meanwhile, or took over the lease.
        """
        outside = self._let_out(target, before, told)
        if not target.returning and not outside:
            return before
        is_new = before is None or before.status == "REVIEW_IN_PROGRESS"
        inside = () if before is None or is_new else resources_of(self.client, target.where, before.stack_id)
        there = {one.logical_id for one in (*inside, *outside)}
        missing = [*outside, *(item for item in target.returning if item.logical_id not in there)]
        if not missing:
            return before
        if is_new:
            empty = attrs.evolve(target, template=_NOTHING, parameters={}, kept=(), token=f"{target.token}-new")
            change(empty, before, lambda: None, told)
        reading = self._read(target)
        for item in missing:
            told(f"importing {item.physical_id}")
            self._import(target, reading, item, told)
        return self._read(target)

    def _import(self, target: Target, reading: StackReading, item: PhysicalResource, told: Tell) -> None:
        template = json.loads(template_of(self.client, target.where, reading.stack_id))
        kept = tuple(template.get("Parameters", {}))
        wanted_body = json.loads(target.template)["Resources"][item.logical_id]
        template["Resources"][item.logical_id] = {
            "Type": item.type,
            "DeletionPolicy": "Retain",
            # An immutable property that is missing here would make the following change create a new one.
            "Properties": fixed(wanted_body) if item.type in NAME_OF else wanted_body.get("Properties", {}),
        }
        wanted = Import(resource=item, identifier=_identifier(item, reading.stack_id))
        step = attrs.evolve(target, template=json.dumps(template), token=f"{target.token}-{item.logical_id}")
        change_set = self.change_sets.create(step, "IMPORT", wanted=wanted, kept=kept)
        reason = self._made(change_set, step, told)
        if reason and not any(words in reason for words in _GONE):
            raise StackError(target.where, f"{item.logical_id}, {item.physical_id}: {reason}", hint=_HINT)

    def _let_out(self, target: Target, before: StackReading | None, told: Tell) -> tuple[PhysicalResource, ...]:
        """Remove from the stack what was imported without all of its immutable properties, to import it again; nothing
        is deleted. Otherwise every change would want to create a new one with the same name.
        """
        # Only queues and topics of this kind have immutable properties besides their name.
        if before is None or before.status not in _AFTER_AN_IMPORT or '"Fifo' not in target.template:
            return ()
        text = template_of(self.client, target.where, before.stack_id)
        names = _half_imported(text, target.template)
        if not names:
            return ()
        inside = resources_of(self.client, target.where, before.stack_id)
        found = tuple(item for item in inside if item.logical_id in names)
        told(
            f"removing {', '.join(short_name(item) for item in found)} from the stack to import it again; "
            "nothing is deleted"
        )
        template = json.loads(text)
        kept = tuple(template.get("Parameters", {}))
        template["Resources"] = {key: body for key, body in template["Resources"].items() if key not in names}
        step = attrs.evolve(target, template=json.dumps(template), parameters={}, token=f"{target.token}-out")
        reason = self._made(self.change_sets.create(step, "UPDATE", kept=kept), step, told)
        if reason:
            raise StackError(target.where, f"{', '.join(sorted(names))}: {reason}", hint=_HINT)
        return found

    def _made(self, change_set: ChangeSet, target: Target, told: Tell) -> str:
        """Execute it and wait; returns the reason if CloudFormation refused it instead."""
        answer = self.change_sets.settled(change_set, target)
        match answer:
            case ChangesReady() | Executed():
                self.change_sets.execute(change_set, target)
                self._wait(change_set, target, told)
                return ""
            case NotExecuted(reason=reason):
                self.change_sets.remove(change_set, target.held)
                return reason or "no reason given"
            case NoChanges() | Obsolete():
                what = "somebody else changed the stack after this import was computed"
                raise PlanStale(target.where, what, hint="run the command again")
            case KeepWaiting():
                raise AssertionError("a settled change set is not waited for")
            case _:
                assert_never(answer)

    def _wait(self, change_set: ChangeSet, target: Target, told: Tell) -> None:
        """Wait until both the stack and the change set say that it is over; the change set says how."""

        def over(seen: StackReading | None) -> bool:
            if seen is None:
                return True
            return is_final(seen.status) and self.change_sets.execution(change_set) is not Execution.RUNNING

        reading = self.poller.wait(
            change_set.stack_id, over, deadline=target.deadline, where=target.where, on_reading=statuses(told)
        )
        if reading is None:
            raise PlanStale(target.where, "the stack was deleted in the meantime", hint="run the command again")
        if self.change_sets.execution(change_set) is Execution.FAILED:
            raise failure_of(self.client, target.where, reading)

    def _read(self, target: Target) -> StackReading:
        found = self.describe(target.stack_name)
        if found is None:
            raise PlanStale(target.where, "the stack was deleted in the meantime", hint="run the command again")
        return found


def _half_imported(there: str, wanted: str) -> frozenset[str]:
    """What is in the stack by its name only, and has more immutable properties in the template ``wanted``."""
    try:
        old, new = json.loads(there).get("Resources", {}), json.loads(wanted)["Resources"]
    except ValueError:  # somebody wrote it in YAML, so it is not from our import
        return frozenset()
    both = [(key, old[key], body) for key, body in new.items() if old.get(key, {}).get("Type") == body["Type"]]
    return frozenset(
        key
        for key, was, body in both
        if was["Type"] in NAME_OF
        and set(was.get("Properties", {})) == {NAME_OF[was["Type"]][0]}
        and fixed(was).items() < fixed(body).items()
        and was.get("DeletionPolicy") == "Retain"
        and may_import([PhysicalResource(logical_id=key, type=body["Type"], physical_id="")], wanted)
    )


def _identifier(item: PhysicalResource, stack_id: str) -> dict[str, str]:
    if item.type in NAME_OF:
        return {NAME_OF[item.type][1]: _address(item, stack_id)}
    return {IDENTIFIERS[item.type]: item.physical_id}


def _address(item: PhysicalResource, stack_id: str) -> str:
    """The URL or ARN, in the stack's own region and account if only the name is known."""
    if item.physical_id != short_name(item):
        return item.physical_id
    _, _, _, region, account, _ = stack_id.split(":", 5)
    return NAME_OF[item.type][2].format(region=region, account=account, name=item.physical_id)
