"""Whether units that will not change exist at all: checked with ``--all``, and for units that somebody names.

With ``--all`` that is one listing of stacks and one of functions for each environment, however many units there are.
Otherwise a plan compares with records, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.aws.index import read_release
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.check import ALIAS
from multi_env_lambda.flow.code import LATEST
from multi_env_lambda.flow.drifted import repair_command
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import BlockedStep, Plan, Step, UnchangedStep, with_steps
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.ownership import owner_of, whose
from multi_env_lambda.plan.stackstate import DeleteThenCreate, stack_answer
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import World

__all__ = ["must_be_there"]


def must_be_there(
    world: World, request: Request, plan: Plan, known: RecordedState, made: Mapping[str, MadeRelease]
) -> Plan:
    """The same plan, with units blocked whose record says that they run, but that are gone or somebody else's.

    With ``--all`` every unit is looked at, by listings; a unit that was named, by its own names, aliases included.
    If that cannot be read now, the step says so. ``made`` are the releases of this run, by unit.
    """
    if request.is_of_one_place or not (request.everything or request.only):
        return plan
    still = [step for step in plan.steps if isinstance(step, UnchangedStep) and step.release is not None]
    places = list(dict.fromkeys(step.environment for step in still))
    wanted = {place: [step for step in still if step.environment == place] for place in places}
    looking = _Looking(world=world, made=made, closely=bool(request.only))
    found = in_parallel(lambda place: _look(looking, known, place, wanted[place]), places)
    return with_steps(plan, (step for steps in found for step in steps))


@attrs.frozen(kw_only=True)
class _Looking:
    """``closely``: each function by its name, with its alias, and not by a listing of all functions."""

    world: World
    made: Mapping[str, MadeRelease]
    closely: bool


def _look(looking: _Looking, known: RecordedState, name: str, steps: list[UnchangedStep]) -> list[Step]:
    world = looking.world
    place, records = world.config.environment(name), {step.project: known.records[name, step.project] for step in steps}
    names = {project: _stack_name(record) for project, record in records.items()}
    try:
        readings = world.platform.find_stacks(place, list(names.values()))
    except MultiEnvLambdaError as error:
        return [_unknown(step, "its stack exists", error) for step in steps]
    judged = [_judged(known, step, records[step.project], readings, names[step.project]) for step in steps]
    there = [step for step in judged if isinstance(step, UnchangedStep)]
    functions = {step.project: step for step in _look_at_functions(looking, place, there, records)}
    return [functions.get(step.project, step) for step in judged]


def _look_at_functions(
    looking: _Looking, place: Environment, steps: list[UnchangedStep], records: Mapping[str, Record]
) -> list[Step]:
    world = looking.world
    try:
        listed = None if looking.closely or not steps else world.platform.functions_there(place)
    except MultiEnvLambdaError as error:
        return [_unknown(step, "its functions exist", error) for step in steps]

    def judged(step: UnchangedStep) -> Step:
        try:
            names = _functions_of(looking, place, step)
            lost = next(filter(None, (_lost(world, place, name, listed) for name in names)), "")
        except MultiEnvLambdaError as error:
            return _unknown(step, "its functions exist", error)
        what = f"{lost} is gone, although its record says that {step.version} runs there"
        return _blocked(step, what, repair_command(records[step.project])) if lost else step

    return in_parallel(judged, steps)


def _functions_of(looking: _Looking, place: Environment, step: UnchangedStep) -> tuple[str, ...]:
    """By what was just made, or by the manifest, which this machine keeps once it has read it."""
    assert step.release is not None
    world, made = looking.world, looking.made.get(step.project)
    if made is not None and made.release.digest == step.release:
        release = made.release
    else:
        release = read_release(world.store, world.cache, step.project, step.release)
    stage = release.stage(place.name)
    return () if stage is None else tuple(function.name for function in stage.functions)


def _lost(world: World, place: Environment, name: str, listed: frozenset[str] | None) -> str:
    """What is missing of a function: itself, or its alias; empty if nothing is. A listing shows no aliases."""
    if listed is not None:
        return "" if name in listed else f"its function {name}"
    if world.platform.alias(place, name, ALIAS) is not None:
        return ""
    there = world.platform.find_code(place, name, LATEST) is not None
    return f"the alias {ALIAS} of its function {name}" if there else f"its function {name}"


def _unknown(step: UnchangedStep, whether: str, error: MultiEnvLambdaError) -> UnchangedStep:
    why = f"whether {whether} could not be checked ({error.where}: {error.what})"
    return attrs.evolve(step, why=f"{step.why}; {why}")


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
    return BlockedStep.refused(step.project, step.environment, what, hint)


def _stack_name(record: Record) -> str:
    """By the id in the record; version 0.1.1 recorded none."""
    stack_id = "" if record.running is None else record.running.stack_id
    parts = stack_id.split("/")
    return parts[1] if stack_id.startswith("arn:aws") and len(parts) == 3 else f"{record.project}-{record.environment}"
