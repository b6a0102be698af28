"""Look whose the stacks are: in the plan where no record says that one runs, and right before each is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import attrs

from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, Refused
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan, Question
from multi_env_lambda.model.record import Record
from multi_env_lambda.plan.ownership import Foreign, owner_of, take_over, whose
from multi_env_lambda.plan.planner import Known
from multi_env_lambda.world import World

__all__ = ["deletion_check", "deploy_check", "look_at_stacks", "not_ours"]

Check = Callable[[StackReading], None]


def look_at_stacks(world: World, plan: Plan, known: Known, *, everything: bool) -> Known:
    """What is known, with the stacks that have our names and are not ours. Nothing is written.

    A unit that runs by its record is looked at when it is deployed, unless ``everything`` is wanted here. Where nobody
    can look now, the plan says so, and the deploy looks.
    """
    wanted: dict[str, list[DeployStep]] = {}
    for step in plan.deploys:
        if step.running is None or everything:
            wanted.setdefault(step.environment, []).append(step)
    if not wanted:
        return known
    found = in_parallel(lambda item: _look(world, known, world.config.environment(item[0]), item[1]), wanted.items())
    foreign = {(item.environment, item.project): there for here, _ in found for item, there in here}
    unseen = {(item.environment, item.project): why for _, here in found for item, why in here}
    return attrs.evolve(known, foreign=foreign, unseen=unseen) if foreign or unseen else known


_Seen = tuple[list[tuple[DeployStep, Foreign]], list[tuple[DeployStep, str]]]


def _look(world: World, known: Known, place: Environment, steps: list[DeployStep]) -> _Seen:
    """The foreign stacks of one environment; and the steps about which nothing is known, with the reason."""
    by_name = {_stack_name(step): step for step in steps}
    try:
        readings = world.platform.find_stacks(place, list(by_name))
        others = [
            (by_name[name], there) for name, there in readings.items() if _is_foreign(known, by_name[name], there)
        ]
        return list(zip([step for step, _ in others], _opened(world, place, [r for _, r in others]), strict=True)), []
    except MultiEnvLambdaError as error:
        why = f"whether its stack is there could not be seen ({error.where}: {error.what})"
        return [], [(step, why) for step in steps]


def _is_foreign(known: Known, step: DeployStep, there: StackReading) -> bool:
    record = known.records.get((step.environment, step.project))
    owner = owner_of(known.workspace, step.project, step.environment, record)
    return there.status != "REVIEW_IN_PROGRESS" and not owner.owns(there.tags, there.stack_id)


def _opened(world: World, place: Environment, readings: Iterable[StackReading]) -> list[Foreign]:
    return in_parallel(lambda reading: _open(world, place, reading), readings)


def _open(world: World, place: Environment, reading: StackReading) -> Foreign:
    resources = world.platform.resources(place, reading.stack_id)
    return Foreign(name=reading.name, stack_id=reading.stack_id, tags=reading.tags, resources=resources)


def deploy_check(world: World, step: DeployStep, record: Record, template: str) -> Check:
    """What refuses a stack that is not ours, unless a person has agreed to take over exactly this one as it is.

    The gate lets no step through whose questions are unanswered, so a question of the step is an agreement.
    """
    place = world.config.environment(step.environment)
    owner = owner_of(world.config.id, step.project, step.environment, record)
    asked = next((question for question in step.questions if question.kind == "take over"), None)

    def check(there: StackReading) -> None:
        if owner.owns(there.tags, there.stack_id):
            return
        if asked is None:
            raise not_ours(step.project, place, there, _hint(step, there))
        _must_be_as_asked(take_over(_open(world, place, there), json.loads(template), place.name), asked, step)

    return check


def deletion_check(world: World, record: Record) -> Check:
    """What refuses to delete a stack that is not ours."""
    place = world.config.environment(record.environment)
    owner = owner_of(world.config.id, record.project, record.environment, record)

    def check(there: StackReading) -> None:
        if not owner.owns(there.tags, there.stack_id):
            hint = "nothing was deleted; ask whoever made it, or delete it in the console if it is nobody's"
            raise not_ours(record.project, place, there, hint)

    return check


def _must_be_as_asked(question: Question, asked: Question, step: DeployStep) -> None:
    if question != asked:
        what = f"the stack is not what the plan showed any more\n{question.text}"
        raise PlanStale(f"{step.project} in {step.environment}", what, hint="run the same command again, and read it")


def not_ours(project: str, place: Environment, there: StackReading, hint: str) -> Refused:
    """The error of a stack that has our name and is somebody else's."""
    what = f"the stack {there.name} ({there.stack_id}) is not of this workspace: {whose(there.tags)}"
    return Refused(f"{project} in {place.name}", what, hint=hint)


def _hint(step: DeployStep, there: StackReading) -> str:
    again = "run the same command again" if step.running is None else "give `--force`"
    return f"rename the unit; or, to make the stack this unit's, {again}: the plan then shows what is in {there.name}"


def _stack_name(step: DeployStep) -> str:
    stage = step.release.stage(step.environment)
    return f"{step.project}-{step.environment}" if stage is None else stage.stack_name
