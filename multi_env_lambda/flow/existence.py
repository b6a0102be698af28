"""Whether units that will not change exist at all: checked when somebody wants to know about everything (``--all``).

One listing of stacks for each environment. Without it, a plan compares with records, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.drifted import repair_command
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.plan import BlockedStep, Plan, Step, UnchangedStep
from multi_env_lambda.model.record import Record
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.ownership import owner_of, whose
from multi_env_lambda.plan.stackstate import DeleteThenCreate, stack_answer
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import World

__all__ = ["must_be_there"]


def must_be_there(world: World, plan: Plan, known: RecordedState) -> Plan:
    """The same plan, with units blocked whose record says that they run, but whose stack is gone or somebody else's.

    If that cannot be read now, the step says so.
    """
    still = [step for step in plan.steps if isinstance(step, UnchangedStep) and step.release is not None]
    places = list(dict.fromkeys(step.environment for step in still))
    wanted = {place: [step for step in still if step.environment == place] for place in places}
    found = in_parallel(lambda place: _look(world, known, place, wanted[place]), places)
    seen: dict[tuple[str, str], Step] = {(step.environment, step.project): step for steps in found for step in steps}
    return attrs.evolve(plan, steps=tuple(seen.get((step.environment, step.project), step) for step in plan.steps))


def _look(world: World, known: RecordedState, place: str, steps: list[UnchangedStep]) -> list[Step]:
    records = {step.project: known.records[place, step.project] for step in steps}
    names = {project: _stack_name(record) for project, record in records.items()}
    try:
        readings = world.platform.find_stacks(world.config.environment(place), list(names.values()))
    except MultiEnvLambdaError as error:
        why = f"whether its stack exists could not be checked ({error.where}: {error.what})"
        return [attrs.evolve(step, why=f"{step.why}; {why}") for step in steps]
    return [_judged(known, step, records[step.project], readings, names[step.project]) for step in steps]


def _judged(
    known: RecordedState, step: UnchangedStep, record: Record, readings: Mapping[str, StackReading], name: str
) -> Step:
    there = readings.get(name)
    if there is None or isinstance(stack_answer(there.status), DeleteThenCreate):
        what = f"its stack {name} is gone, although its record says that {step.version} runs there"
        return _blocked(step, what, repair_command(record))
    if not owner_of(known.workspace, step.project, step.environment, record).owns(there.tags, there.stack_id):
        what = f"the stack {name} ({there.stack_id}) does not belong to this workspace: {whose(there.tags)}"
        look = unit_call("plan", step.project, step.environment, force=True)
        return _blocked(step, what, advice("see what is in it: `{}`", look))
    return step


def _blocked(step: UnchangedStep, what: str, hint: str) -> BlockedStep:
    return BlockedStep(project=step.project, environment=step.environment, kind="Refused", what=what, hint=hint)


def _stack_name(record: Record) -> str:
    """By the id in the record; version 0.1.1 recorded none."""
    stack_id = "" if record.running is None else record.running.stack_id
    parts = stack_id.split("/")
    return parts[1] if stack_id.startswith("arn:aws") and len(parts) == 3 else f"{record.project}-{record.environment}"
