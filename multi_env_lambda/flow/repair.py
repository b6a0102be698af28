"""Repair: what is not as deployed, checked for a plan, and again when it should be right.

The release is the recorded one, so no unit's code is run and nothing is built.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.flow.drifted import STACK, UnitDrift, compare
from multi_env_lambda.flow.observe import Observed
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.repair import Wrong
from multi_env_lambda.model.request import Request
from multi_env_lambda.plan.carried import from_deployment
from multi_env_lambda.plan.desired import Absent, Broken, Desired, RecordedState
from multi_env_lambda.plan.repair import not_repairable
from multi_env_lambda.world import World

__all__ = ["as_recorded", "look_at_what_is_wrong", "must_be_right"]

_ACTIONS = {"DELETED": "add", "REMOVED": "add", "ADDED": "remove"}
_BY_HAND = "no template reverts that: revert it by hand, or make it a setting of the unit and deploy it"


def as_recorded(request: Request, observed: Observed, name: str) -> Desired:
    """What runs according to the record, which is all that a repair can deploy; units that never ran have nothing."""
    place = observed.targets[0].name
    record = observed.records.get((place, name))
    if not request.only and (record is None or record.running is None):
        return Absent(project=name, why=f"it does not run in {place}")
    refused = not_repairable(name, place, record)
    if refused is not None:
        return Broken(project=name, error=refused)
    assert record is not None and record.running is not None
    return from_deployment(name, record.running, why="not as it was deployed")


def look_at_what_is_wrong(world: World, plan: Plan, known: RecordedState) -> RecordedState:
    """What is known, plus what is not as deployed for each unit to be repaired."""
    steps = [step for step in plan.deploys if step.action == "repair"]

    def look(step: DeployStep) -> Wrong:
        record = known.records[step.environment, step.project]
        return _wrong(compare(world, world.config.environment(step.environment), record))

    found = dict(zip([(step.environment, step.project) for step in steps], in_parallel(look, steps), strict=True))
    return attrs.evolve(known, wrong=found) if steps else known


def must_be_right(world: World, step: DeployStep, record: Record, sent: str) -> None:
    """Check that nothing is wrong any more: the stack matches the template that was ``sent``.

    Raises:
        CheckFailed: something still is, or that cannot be checked.
    """
    found = compare(world, world.config.environment(step.environment), record, sent)
    where = f"repair of {step.project} in {step.environment}"
    if found is not None and found.problem:
        raise CheckFailed(where, f"whether it is fixed could not be checked: {found.problem}", hint=found.hint)
    if found is not None and found.drifted:
        raise CheckFailed(where, f"still not as deployed: {', '.join(found.names)}", hint=_BY_HAND)


def _wrong(found: UnitDrift | None) -> Wrong:
    if found is None:
        return Wrong()
    if found.problem:
        return Wrong(problem=found.problem, hint=found.hint)
    if found.for_good:
        return Wrong(problem=found.for_good, hint=found.hint)
    return Wrong(changes=tuple(_change(item) for item in found.resources))


def _change(item: ResourceDrift) -> ResourceChange:
    """From what is there to what was deployed. A stack that is gone has no resource of its own to create."""
    properties = tuple(map(_property, item.differences))
    match _ACTIONS.get(item.status, "modify"):
        case "add":
            return ResourceChange(action="add", logical_id=item.logical_id, type=item.resource_type)
        case "remove":
            return ResourceChange(action="remove", logical_id=item.logical_id, type=item.resource_type)
        case _:
            kind = item.resource_type if item.logical_id else STACK
            return ResourceChange(
                action="modify", logical_id=item.logical_id or "template", type=kind, properties=properties
            )


def _property(item: PropertyDifference) -> PropertyChange:
    """CloudFormation returns ``null`` for what does not exist."""
    path = item.path.strip("/").replace("/", ".")
    old, new = (None if text == "null" else text for text in (item.actual, item.expected))
    return PropertyChange(path=path, old=old, new=new)
