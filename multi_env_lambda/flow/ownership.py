"""Check whose the stacks are: in the plan if no record says that one runs, and right before each is changed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import attrs

from multi_env_lambda.aws.error_codes import is_of_missing_stack
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, Refused, StackError
from multi_env_lambda.flow.consent import agree_words
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan, Question
from multi_env_lambda.model.record import Loss, Record
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.losses import loss_question, unagreed
from multi_env_lambda.plan.ownership import Foreign, orphan, owner_of, take_over, whose
from multi_env_lambda.plan.stackstate import DeleteThenCreate, stack_answer
from multi_env_lambda.wording import advice, option
from multi_env_lambda.world import World

__all__ = ["deletion_check", "deploy_check", "look_at_stacks", "loss_check", "not_ours", "template_of_ours"]

Check = Callable[[StackReading], None]


@attrs.frozen
class _Ours:
    """A stack of ours: what it was made from, and what has to be asked if the bucket does not know it."""

    template: str
    orphan: Question | None


@attrs.frozen
class _Unseen:
    """A stack that cannot be read now."""

    error: MultiEnvLambdaError

    @property
    def why(self) -> str:
        return f"its stack could not be checked ({self.error.where}: {self.error.what})"


_Seen = Foreign | _Ours | _Unseen
_Place = tuple[str, str]

_DELETION_WAS_TRIED = ("DELETE_FAILED", "DELETE_IN_PROGRESS")


def look_at_stacks(world: World, plan: Plan, known: RecordedState, *, everything: bool) -> RecordedState:
    """What is known, plus the state of the stacks that no record vouches for. Nothing is written.

    A unit that runs according to its record is checked when it is deployed, unless ``everything`` is wanted here, or
    an attempt met existing resources. What cannot be read now is noted in the plan, and the deploy reads it.
    """
    wanted: dict[str, list[DeployStep]] = {}
    for step in plan.deploys:
        if everything or step.running is None or _place(step) in known.unsure or _has_met(known, step):
            wanted.setdefault(step.environment, []).append(step)
    found = in_parallel(lambda item: _look(world, known, world.config.environment(item[0]), item[1]), wanted.items())
    seen = dict(itertools.chain.from_iterable(found))
    gone = frozenset(
        _place(step) for steps in wanted.values() for step in steps if step.running and _place(step) not in seen
    )
    if not (seen or gone):
        return known
    return attrs.evolve(
        known,
        gone=gone,
        foreign={place: what for place, what in seen.items() if isinstance(what, Foreign)},
        there={place: what.template for place, what in seen.items() if isinstance(what, _Ours)},
        orphans={place: what.orphan for place, what in seen.items() if isinstance(what, _Ours) and what.orphan},
        unseen={place: what.why for place, what in seen.items() if isinstance(what, _Unseen)},
    )


def _has_met(known: RecordedState, step: DeployStep) -> bool:
    """Whether an attempt met existing resources; only the stack says if they came in before the attempt failed."""
    record = known.records.get(_place(step))
    return record is not None and bool(record.met)


def _look(
    world: World, known: RecordedState, place: Environment, steps: list[DeployStep]
) -> list[tuple[_Place, _Seen]]:
    """What the stacks of one environment are; nothing for a step whose stack does not exist or is empty."""
    by_name = {_stack_name(step): step for step in steps}
    try:
        readings = world.platform.find_stacks(place, list(by_name))
    except MultiEnvLambdaError as error:
        return [(_place(step), _Unseen(error)) for step in steps]
    there = [(by_name[name], reading) for name, reading in readings.items() if reading.status != "REVIEW_IN_PROGRESS"]
    seen = in_parallel(lambda pair: _what_is(world, known, place, *pair), there)
    return [(_place(step), what) for (step, _), what in zip(there, seen, strict=True) if what is not None]


def _what_is(
    world: World, known: RecordedState, place: Environment, step: DeployStep, there: StackReading
) -> _Seen | None:
    record = known.records.get(_place(step))
    owner = owner_of(known.workspace, step.project, step.environment, record)
    try:
        if not owner.owns(there.tags, there.stack_id):
            return _open(world, place, there)
        if isinstance(stack_answer(there.status), DeleteThenCreate):
            return None
        template = _template(world, place, there)
    except MultiEnvLambdaError as error:
        return None if is_of_missing_stack(error) else _Unseen(error)
    is_known = record is not None and record.may_be_there
    return _Ours(template, None if is_known else _orphan(world, place, there))


def _template(world: World, place: Environment, there: StackReading) -> str:
    """What the stack was made from, as JSON, which is what this library writes."""
    text = world.platform.template(place, there.name)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        what, hint = "its template is not JSON, so something else wrote it", "find out who else changes this stack"
        raise StackError(f"stack {there.name} in {place.name}", what, hint=hint) from error
    return text


def _orphan(world: World, place: Environment, there: StackReading) -> Question:
    return orphan(there.name, there.stack_id, place.name, world.config.devops.bucket)


def _place(step: DeployStep) -> _Place:
    return step.environment, step.project


def _open(world: World, place: Environment, reading: StackReading) -> Foreign:
    resources = world.platform.resources(place, reading.stack_id)
    return Foreign(name=reading.name, stack_id=reading.stack_id, tags=reading.tags, resources=resources)


def deploy_check(world: World, step: DeployStep, held: HeldLease, template: str) -> Check:
    """Refuse a stack that is not ours, unless a person has agreed to take over exactly this one as it is; and one of
    ours that the bucket did not know before this attempt.

    The gate lets no step through whose questions are unanswered, so a question of the step means consent.
    """
    place = world.config.environment(step.environment)
    owner = owner_of(world.config.id, step.project, step.environment, held.record)
    asked = next((question for question in step.questions if question.kind == "take over"), None)

    def check(there: StackReading) -> None:
        if owner.owns(there.tags, there.stack_id):
            if held.record.gone and held.unsure is None:
                _must_be_asked(_orphan(world, place, there), asked, step)
            return
        if asked is None:
            raise not_ours(step.project, place, there, _hint(step, there))
        _must_be_as_asked(take_over(_open(world, place, there), json.loads(template), place.name), asked, step)

    return check


def loss_check(step: DeployStep) -> Callable[[tuple[Loss, ...]], None]:
    """Stop a change that would lose data that no question of the step was about."""

    def check(lost: tuple[Loss, ...]) -> None:
        left = unagreed(step.project, lost, step.questions)
        if not left:
            return
        questions = [loss_question(step.project, loss) for loss in left]
        what = "\n".join(question.text for question in questions)
        keep = "keep it in the unit's settings or its stack.py; or, to lose its data: `{}`"
        hint = advice(keep, agree_words(questions))
        error = Refused(f"{step.project} in {step.environment}", what, hint=hint)
        error.losses = tuple((item.logical_id, item.type, item.physical_id, item.fate) for item in left)
        raise error

    return check


def template_of_ours(world: World, place: Environment, record: Record, stack_name: str) -> str | None:
    """What the stack of a unit was made from, as the stack has it; None if there is none of ours.

    Raises:
        MultiEnvLambdaError: it cannot be read, and no record says what is there.
    """
    owner = owner_of(world.config.id, record.project, place.name, record)
    try:
        there = world.platform.look(place, stack_name)
        if there is None or there.status == "REVIEW_IN_PROGRESS" or not owner.owns(there.tags, there.stack_id):
            return None
        return _template(world, place, there)
    except MultiEnvLambdaError as error:
        if record.gone and not is_of_missing_stack(error):
            raise
        return None


def deletion_check(world: World, record: Record, keep: tuple[str, ...] = ()) -> Check:
    """Refuse to delete a stack that is not ours, or one from which CloudFormation would delete what must stay.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html (RetainResources)
    """
    place = world.config.environment(record.environment)
    owner = owner_of(world.config.id, record.project, record.environment, record)

    def check(there: StackReading) -> None:
        if not owner.owns(there.tags, there.stack_id):
            hint = "nothing was deleted; ask its owner, or delete it in the console if it has none"
            raise not_ours(record.project, place, there, hint)
        if keep and there.status not in _DELETION_WAS_TRIED:
            what = (
                f"found {', '.join(keep)} to retain, which keeps what a deletion failed on, but the stack {there.name} "
                f"is {there.status}, not DELETE_FAILED, so it would be deleted"
            )
            hint = "nothing was deleted; to keep it, deploy it with `DeletionPolicy: Retain` first"
            raise Refused(f"{record.project} in {place.name}", what, hint=hint)

    return check


def _must_be_asked(question: Question, asked: Question | None, step: DeployStep) -> None:
    if asked is None:
        again = "run the same command again; the plan then asks"
        raise Refused(f"{step.project} in {step.environment}", question.text, hint=again)
    _must_be_as_asked(question, asked, step)


def _must_be_as_asked(question: Question, asked: Question, step: DeployStep) -> None:
    if question != asked:
        what = f"the stack is no longer what the plan showed\n{question.text}"
        raise PlanStale(f"{step.project} in {step.environment}", what, hint="run the same command again, and read it")


def not_ours(project: str, place: Environment, there: StackReading, hint: str) -> Refused:
    """The error for a stack that has our name and is somebody else's."""
    what = f"the stack {there.name} ({there.stack_id}) does not belong to this workspace: {whose(there.tags)}"
    return Refused(f"{project} in {place.name}", what, hint=hint)


def _hint(step: DeployStep, there: StackReading) -> str:
    again = "run the same command again" if step.running is None else advice("pass `{}`", option("force"))
    make = "rename the unit; or, to make the stack this unit's, {}; the plan then shows what is in {}"
    return advice(make, again, there.name)


def _stack_name(step: DeployStep) -> str:
    stage = step.release.stage(step.environment)
    return f"{step.project}-{step.environment}" if stage is None else stage.stack_name
