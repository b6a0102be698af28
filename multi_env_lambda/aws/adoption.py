"""Bring what is there already into a stack by its address, before the change that wants it.

CloudFormation finds by itself only what is called in its template as it is called in AWS; a queue is known by its URL
and a topic by its ARN, which no template has. They are imported one by one by an operation of its own, which may change
nothing else: neither tags nor outputs nor other resources. What has no stack yet gets one first that makes nothing, so
that it carries the tags that say whose it is. The change that follows gives what was imported its settings.

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
from multi_env_lambda.aws.waiting import statuses
from multi_env_lambda.errors import PlanStale, StackError
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.imports import NAME_OF, short_name
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
"""A stack must have a resource; this one is an address, and makes nothing."""

_GONE = ("was not found", "does not exist", "not found")
_HINT = "rename it here, or remove it there, or import it in the CloudFormation console"


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
        """Import what ``target.returning`` names and the stack lacks, and give the stack as it is then.

        What is not there any more is left to be made new. ``change`` deploys a target to a stack that was read.

        Raises:
            StackError: it belongs to another stack, or the import failed; nothing of it was changed.
            PlanStale: somebody else changed the stack meanwhile, or took over the lease.
        """
        if not target.returning:
            return before
        is_new = before is None or before.status == "REVIEW_IN_PROGRESS"
        inside = () if before is None or is_new else resources_of(self.client, target.where, before.stack_id)
        missing = [item for item in target.returning if item.logical_id not in {one.logical_id for one in inside}]
        if not missing:
            return before
        if is_new:
            empty = attrs.evolve(target, template=_NOTHING, parameters={}, token=f"{target.token}-new")
            change(empty, before, lambda: None, told)
        reading = self._read(target)
        for item in missing:
            told(f"importing {item.physical_id}")
            self._import(target, reading, item, told)
        return self._read(target)

    def _import(self, target: Target, reading: StackReading, item: PhysicalResource, told: Tell) -> None:
        template = json.loads(template_of(self.client, target.where, reading.stack_id))
        kept = tuple(template.get("Parameters", {}))
        name = short_name(item)
        template["Resources"][item.logical_id] = {
            "Type": item.type,
            "DeletionPolicy": "Retain",
            "Properties": {NAME_OF[item.type][0]: name},
        }
        wanted = Import(resource=item, identifier={NAME_OF[item.type][1]: _address(item, reading.stack_id)})
        step = attrs.evolve(
            target, template=json.dumps(template), template_url=None, token=f"{target.token}-{item.logical_id}"
        )
        change_set = self.change_sets.create(step, "IMPORT", wanted=wanted, kept=kept)
        answer = self.change_sets.settled(change_set, step)
        match answer:
            case ChangesReady() | Executed():
                self.change_sets.execute(change_set, step)
                self._wait(change_set, step, told)
            case NotExecuted(reason=reason):
                self.change_sets.remove(change_set, target.held)
                if not any(words in reason for words in _GONE):
                    raise StackError(target.where, f"{item.logical_id}, {item.physical_id}: {reason}", hint=_HINT)
            case NoChanges() | Obsolete():
                what = "somebody else changed the stack after this import was computed"
                raise PlanStale(target.where, what, hint="run the command again")
            case KeepWaiting():
                raise AssertionError("a settled change set is not waited for")
            case _:
                assert_never(answer)

    def _wait(self, change_set: ChangeSet, target: Target, told: Tell) -> None:
        """Until both the stack and the change set say that it is over; the change set says how."""

        def over(seen: StackReading | None) -> bool:
            if seen is None:
                return True
            return is_final(seen.status) and self.change_sets.execution(change_set) is not Execution.RUNNING

        reading = self.poller.wait(
            change_set.stack_id, over, deadline=target.deadline, where=target.where, on_reading=statuses(told)
        )
        if reading is None:
            raise PlanStale(target.where, "the stack was deleted meanwhile", hint="run the command again")
        if self.change_sets.execution(change_set) is Execution.FAILED:
            raise failure_of(self.client, target.where, reading)

    def _read(self, target: Target) -> StackReading:
        found = self.describe(target.stack_name)
        if found is None:
            raise PlanStale(target.where, "the stack was deleted meanwhile", hint="run the command again")
        return found


def _address(item: PhysicalResource, stack_id: str) -> str:
    """The URL or ARN, in the stack's own region and account where only the name is known."""
    if item.physical_id != short_name(item):
        return item.physical_id
    _, _, _, region, account, _ = stack_id.split(":", 5)
    return NAME_OF[item.type][2].format(region=region, account=account, name=item.physical_id)
