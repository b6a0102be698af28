"""Compare the aliases of a stack with what CloudFormation last wrote, and move back those that somebody moved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import attrs

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, Refused
from multi_env_lambda.flow.attempts import is_shifting
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.alias import AliasState, SaidAlias, StrayedAlias
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.plan.aliases import said_aliases, traffic_question
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.traffic import shifting_functions
from multi_env_lambda.wording import advice, option
from multi_env_lambda.world import World

__all__ = ["look_at_aliases", "must_be_agreed", "put_back", "remake", "restore", "said_of", "strayed_of"]

AGAIN_SECONDS = 2.0
"""When an alias is read a second time, before concluding that somebody moved it."""


def said_of(world: World, environment: Environment, stack_name: str) -> tuple[SaidAlias, ...]:
    """The aliases of a stack as CloudFormation last wrote them.

    Raises:
        StackError: the stack does not exist or cannot be read.
    """
    platform = world.platform
    return said_aliases(platform.template(environment, stack_name), platform.resources(environment, stack_name))


def strayed_of(world: World, environment: Environment, said: Iterable[SaidAlias]) -> tuple[StrayedAlias, ...]:
    """Those that point elsewhere when read twice.

    Raises:
        StackError, AccountError: one of them cannot be read.
    """

    def look(item: SaidAlias) -> AliasState | None:
        return world.platform.alias(environment, item.function, item.name)

    first = [item for item in said if not item.state.is_like(look(item))]
    if first:
        world.sleep(AGAIN_SECONDS)
    return tuple(StrayedAlias(said=item, found=found) for item in first if not item.state.is_like(found := look(item)))


def look_at_aliases(world: World, plan: Plan, known: RecordedState) -> RecordedState:
    """What is known, with the aliases that somebody moved, of the units whose traffic is about to move in steps.

    Where they cannot be read now, the deploy reads them.
    """
    moving = [step for step in plan.deploys if _functions(step, known)]
    pairs = in_parallel(lambda step: (step, _strayed(world, step, known)), moving)
    found = {(step.environment, step.project): strayed for step, strayed in pairs if strayed}
    return attrs.evolve(known, strayed=found) if found else known


def _functions(step: DeployStep, known: RecordedState) -> frozenset[str]:
    """The functions of a step whose traffic would move in steps."""
    record, stage = known.records.get((step.environment, step.project)), step.release.stage(step.environment)
    if stage is None or record is None or record.running is None or step.action == "rollback":
        return frozenset()
    if unreleased_in(record) is not None:  # `deploy --watch` has moved them, and the deploy puts them back
        return frozenset()
    before = known.templates.get(record.running.template_sha256)
    after = known.templates.get(stage.template_sha256)
    if before is None or after is None:
        return frozenset()
    return frozenset(function.name for function in shifting_functions(stage, before, after))


def _strayed(world: World, step: DeployStep, known: RecordedState) -> tuple[StrayedAlias, ...]:
    place, stage = world.config.environment(step.environment), step.release.stage(step.environment)
    assert stage is not None
    names = _functions(step, known)
    try:
        said = [item for item in said_of(world, place, stage.stack_name) if item.function in names]
        return strayed_of(world, place, said)
    except MultiEnvLambdaError:
        return ()


def must_be_agreed(step: DeployStep, strayed: Collection[StrayedAlias], *, news: bool = False) -> None:
    """No deploy reverts an emergency fix that it does not know about.

    The gate lets no step through whose questions are unanswered, so a question of the step means consent, but not to
    what was moved since then (``news``).

    Raises:
        Refused: nobody has agreed to continue from the traffic that somebody moved by hand.
        PlanStale: it is no longer what was agreed to.
    """
    where = f"{step.project} in {step.environment}"
    asked = None if news else next((each for each in step.questions if each.kind == "traffic"), None)
    question = traffic_question(step.project, step.environment, strayed)
    if asked is None and strayed:
        raise Refused(where, f"somebody moved the traffic by hand\n{question.text}", hint=_hint(question.answer))
    if asked is not None and strayed and asked != question:
        what = f"the traffic is no longer what the plan showed\n{question.text}"
        raise PlanStale(where, what, hint="run the same command again, and read it")


def _hint(answer: str) -> str:
    text = "to continue from the first step, run the same command with `{}`; it shows the current state first"
    return advice(text, option("agree", [answer]))


def put_back(world: World, environment: Environment, strayed: Iterable[StrayedAlias], held: Held) -> None:
    """Point aliases where CloudFormation had pointed them; no template does that while it says the same about them.

    Raises:
        PlanStale: somebody is moving one right now, or the lease is lost.
        StackError: Lambda refuses it.
    """
    for item in strayed:
        world.platform.point_alias(environment, item.said.function, item.said.name, item.said.state, held)


def restore(world: World, environment: Environment, stack_name: str, held: Held, say: Callable[[str], None]) -> None:
    """A redeploy covers everything, but CloudFormation leaves an alias that somebody moved.

    Raises:
        PlanStale: somebody is moving one right now, or the lease is lost.
        StackError: Lambda refuses it.
    """
    strayed = strayed_of(world, environment, said_of(world, environment, stack_name))
    for item in strayed:
        say(f"{item}; moving it back")
    put_back(world, environment, strayed, held)


def remake(
    world: World, environment: Environment, stack_name: str, held: HeldLease, say: Callable[[str], None]
) -> None:
    """Where a traffic shift stopped, create the aliases again that somebody deleted: CloudFormation changes none of
    those, and a rollback has to bring back what ran before. Elsewhere nothing is read.

    Raises:
        PlanStale: the lease is lost.
        StackError: there is no such stack, or Lambda refuses it.
    """
    if not is_shifting(held.record):
        return
    strayed = strayed_of(world, environment, said_of(world, environment, stack_name))
    deleted = [item for item in strayed if item.found is None]
    for item in deleted:
        say(f"{item}; creating it again")
    put_back(world, environment, deleted, held)
