"""The whole flow on one page: observe -> make -> decide -> act -> record.

Records are read before anything is made, and everything is decided before the first write. A plan is a value that can
be made again: applying a saved one means making it again and comparing digests, so there is one way to apply.

What only a change takes is imported where something changes: most runs find that nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import Busy, ConfigurationError, DocumentError, PlanStale, PublishError, SessionEnded
from multi_env_lambda.flow.already import Already
from multi_env_lambda.flow.compared import compared
from multi_env_lambda.flow.consent import NO_CONSENT, Consent, check_answers
from multi_env_lambda.flow.desired import desire
from multi_env_lambda.flow.gate import Gate, gate
from multi_env_lambda.flow.identity import identified, settle_id
from multi_env_lambda.flow.observe import observe
from multi_env_lambda.flow.schedule import run_in_order
from multi_env_lambda.flow.untouched import not_begun, skipped, still
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.host.timing import timed
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.plan import DeployStep, Plan, Step, UnchangedStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.stages import Stage, cells_of, stages_of
from multi_env_lambda.plan.planner import make_plan
from multi_env_lambda.wording import Advice, advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.flow.saved import Saved, SavedPlan
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.make.work_tree import DesiredState
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.plan.desired import RecordedState
    from multi_env_lambda.world import World

__all__ = ["PreparedPlan", "apply", "fitting", "plan", "publish", "same_again"]

UPLOADING = 8
"""Units whose artifacts are uploaded at the same time."""

BUSY_SECONDS = 1.0
"""How often to check again a unit that somebody else is deploying."""


@attrs.frozen(kw_only=True)
class PreparedPlan:
    """A plan together with what was made for it on this machine.

    ``looked_at``: why a unit was compared at all; ``fits``: whether the accounts were asked if they have room for it.
    """

    plan: Plan
    made: Mapping[str, MadeRelease]
    known: RecordedState
    looked_at: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    fits: bool = False


@timed("step", "plan")
def plan(
    world: World,
    request: Request,
    *,
    soon: bool = False,
    closely: bool = False,
    published: SavedPlan | None = None,
    alone: str = "",
) -> PreparedPlan:
    """Read everything once, then decide. Nothing is written to AWS.

    Args:
        soon: it will be applied at once, so what that needs is fetched meanwhile, and what only explains is left out.
        closely: look at the stack of every unit that changes; otherwise that happens when each one is changed.
        published: a saved plan whose releases are published: they are used by name, and nothing is made.
        alone: the one unit that is made; for the others, the plan only says whether they would be.

    Raises:
        SessionEnded: the credentials ended meanwhile.
    """
    with world.endings.raised():
        return _planned(world, request, soon, closely, published, alone)


def _planned(
    world: World, request: Request, soon: bool, closely: bool, published: SavedPlan | None, alone: str
) -> PreparedPlan:
    units, named = (None, None) if published is None else _named(published)
    observed = observe(world, request, soon=soon, units=units)
    wish = desire(world, request, observed, alone) if named is None else named
    desired, recorded = compared(world, request, observed, wish)

    def decide(known: RecordedState) -> Plan:
        return make_plan(request, observed.targets, observed.order, desired, known, wish.tree)

    draft = PreparedPlan(plan=decide(recorded), made=wish.made, known=recorded, looked_at=wish.looked_at)
    stays = all(isinstance(step, UnchangedStep) for step in draft.plan.steps)
    if stays and not (request.everything or request.only):
        return draft
    from multi_env_lambda.flow.closer import look_closer

    found = look_closer(world, request, draft.plan, recorded, wish.made, decide, closely=closely, alone=bool(alone))
    return attrs.evolve(draft, plan=found[0], known=found[1])


def _named(published: SavedPlan) -> tuple[tuple[str, ...], DesiredState]:
    """The units of a saved plan, and what it says about each."""
    from multi_env_lambda.flow.as_published import as_published, units_of

    return units_of(published), as_published(published)


@timed("step", "quotas")
def fitting(world: World, draft: PreparedPlan) -> PreparedPlan:
    """The same, once the accounts have been asked whether they have room for what it adds.

    Raises:
        Refused: one of them does not.
    """
    if draft.fits or not draft.plan.deploys:
        return draft
    from multi_env_lambda.flow.quotas import must_fit

    return attrs.evolve(draft, plan=must_fit(world, draft.plan, draft.known, draft.made), fits=True)


def same_again(world: World, saved: Saved, *, soon: bool = False, published: bool = False) -> PreparedPlan:
    """Make a saved plan again; ``soon`` as in ``plan``. For one that was started, or finished, returns the rest.

    Args:
        published: from the releases that it names, if it was made from a work tree: no unit's code runs.

    Raises:
        PlanStale: the same request now leads to a different plan.
        PublishError: a release that it names is not published.
        ConfigurationError: this is not a plan.
    """
    from multi_env_lambda.flow.resumed import goes_on
    from multi_env_lambda.flow.saved import read_saved

    found = read_saved(saved)
    if found.removes:
        name, environment = found.asked.get("only", ""), found.asked.get("target", "")
        what = f"it is a request to delete {name} from {environment}, and this applies plans of deploys"
        hint = advice("`{}` carries it out", unit_call("destroy", name, environment))
        raise ConfigurationError("the saved plan", what, hint=hint)
    request = Request.from_asked(dict(found.asked))
    of_tree = request.verb == "deploy" and not request.sources(world.config)
    draft = plan(world, request, soon=soon, closely=True, published=found if published and of_tree else None)
    if draft.plan.digest != found.digest and (published or not goes_on(found, draft.plan, draft.known.records)):
        if published:
            _must_be_published(draft.plan)
        raise _stale(found, draft.plan, published)
    return draft


def _stale(found: SavedPlan, made: Plan, published: bool) -> PlanStale:
    from multi_env_lambda.plan.otherwise import otherwise

    what = f"its digest is {found.digest[:12]}, but the same request now makes {made.digest[:12]}"
    differs = otherwise(found.document, made)
    elsewhere = "if your table or units are not those that it was saved with, check that commit out; or "
    hint = f"{elsewhere if published else ''}make the plan again and review it"
    return PlanStale("the saved plan", f"{what}: {differs}" if differs else what, hint=hint)


def _must_be_published(made: Plan) -> None:
    for step in made.blocked:
        if step.kind in (PublishError.__name__, DocumentError.__name__):
            ways = (
                Advice("plan.py --out", "save(workspace.plan(publish=True), …)"),
                Advice("publish.py", "workspace.publish()"),
            )
            hint = advice("save it with `{}`, which publishes what it names, or run `{}` first", *ways)
            raise PublishError("the saved plan", f"{step.project}: {step.what}", hint=hint)


@timed("step", "apply")
def apply(
    world: World, draft: PreparedPlan, consent: Consent = NO_CONSENT, *, wait_seconds: float = 0.0
) -> tuple[Result, ...]:
    """Act: stage by stage, the cells of one at the same time, units in dependency order and in parallel.

    One failed unit never hides the others: it goes no further, and what needs it waits, in its own environment and in
    the stages after it. A unit that somebody else is deploying is retried for ``wait_seconds``. Once the session has
    ended, no further unit begins.

    Raises:
        ConfigurationError: an answer matches no question of the plan; or the bucket belongs to another workspace.
        Refused: an account has no room for what the plan adds.
    """
    consent = check_answers(draft.plan, consent)
    draft = fitting(world, draft)
    if draft.plan.deploys:
        world = identified(world, settle_id(world, draft.known.records.values()))
        _note_dependencies(world, draft)
    results: dict[str, tuple[Result, ...]] = {}
    failed: dict[str, str] = {}
    ended = partial(world.endings.since, world.endings.count())
    passage = _Passage(consent=consent, already=Already(), wait_seconds=wait_seconds, ended=ended)

    def through(cell: Stage) -> dict[str, tuple[Result, ...]]:
        return {place.name: _through_one(world, draft, place, failed, passage) for place in cell}

    for stage in stages_of(map(world.config.environment, draft.plan.environments)):
        for done in in_parallel(through, cells_of(stage)):
            results |= done
        bad = [one for place in stage for one in results[place.name] if not one.good]
        failed |= {one.project: one.environment for one in reversed(bad) if one.project not in failed}
    return tuple(result for environment in draft.plan.environments for result in results[environment])


@timed("step", "publish")
def publish(world: World, draft: PreparedPlan) -> tuple[Result, ...]:
    """Publish every release that was made, and deploy nothing."""
    first = [step for step in draft.plan.steps if step.environment == draft.plan.environments[0]]
    _note_dependencies(world, draft)
    before = world.endings.count()

    def start(name: str) -> Result:
        step = next(step for step in first if step.project == name)
        if (ended := world.endings.since(before)) is not None:
            return not_begun(world, step, ended)
        if isinstance(step, DeployStep):
            from multi_env_lambda.flow.act import publish_step

            return _guarded(world, step, lambda: publish_step(world, step, draft.made[name]))
        return still(world, step)

    needs: dict[str, tuple[str, ...]] = {step.project: () for step in first}
    done = run_in_order(needs, start, lambda task, need: skipped(world, task, "", need), _good, workers=UPLOADING)
    return tuple(done[step.project] for step in first)


def _note_dependencies(world: World, draft: PreparedPlan) -> None:
    from multi_env_lambda.flow.once import note_dependencies

    note_dependencies(world, draft.plan.deploys, draft.made, draft.known.records.values())


@attrs.frozen(kw_only=True)
class _Passage:
    """What all steps of one run share."""

    consent: Consent
    already: Already
    wait_seconds: float
    ended: Callable[[], SessionEnded | None]


def _through_one(
    world: World, draft: PreparedPlan, place: Environment, failed: Mapping[str, str], passage: _Passage
) -> tuple[Result, ...]:
    """One environment; ``failed``: where the units failed that do not get so far."""
    steps = {step.project: step for step in draft.plan.steps if step.environment == place.name}
    if (ended := passage.ended()) is not None:
        return tuple(not_begun(world, step, ended) for step in steps.values())
    opening = gate(world, draft.plan, place.name, passage.consent)
    if opening.closed is None:
        deploys = [step for step in steps.values() if isinstance(step, DeployStep)]
        passage.already.look_ahead(world, place, deploys)
    done = _run(world, draft, steps, failed, passage, opening)
    world.ledger.summarise(place.name)
    return tuple(done[name] for name in steps)


def _run(
    world: World,
    draft: PreparedPlan,
    steps: Mapping[str, Step],
    failed: Mapping[str, str],
    passage: _Passage,
    opening: Gate,
) -> dict[str, Result]:
    needs = {name: _needs(step) for name, step in steps.items()}

    def start(name: str) -> Result:
        step = steps[name]
        if (ended := passage.ended()) is not None:
            return not_begun(world, step, ended)
        if name in failed:
            return skipped(world, name, step.environment, f"{name} in {failed[name]}")
        if isinstance(step, DeployStep):
            return _guarded(world, step, lambda: _through(world, draft, step, passage, opening))
        return still(world, step)

    def skip(name: str, need: str) -> Result:
        if (ended := passage.ended()) is not None:
            return not_begun(world, steps[name], ended)
        return skipped(world, name, steps[name].environment, need)

    return run_in_order(needs, start, skip, _good, workers=world.workers)


def _through(world: World, draft: PreparedPlan, step: DeployStep, passage: _Passage, opening: Gate) -> Result:
    """Pass the gate of the environment, then act; wait while somebody else is busy.

    Raises:
        Refused: nobody has consented to this step.
        Busy: somebody else is still deploying it when the time to wait is over.
    """
    from multi_env_lambda.flow.act import deploy_step
    from multi_env_lambda.flow.paced import paced

    opening.check(step)
    until = world.seconds() + passage.wait_seconds

    def act(again: bool) -> Result:
        if (ended := passage.ended()) is not None:  # while it waited for its turn
            return not_begun(world, step, ended)
        made, approved = _made(draft, step), opening.approved
        there = None if again else draft.known.there.get((step.environment, step.project))
        already = Already() if again else passage.already
        return deploy_step(world, draft.plan, step, made, approved=approved, already=already, there=there)

    while True:
        try:
            return paced(world, step, act)
        except Busy:
            if world.seconds() >= until:
                raise
            world.sleep(BUSY_SECONDS)
        except PlanStale:
            if not _is_done(world, step):
                raise
            return still(world, _as_wanted(step))


def _is_done(world: World, step: DeployStep) -> bool:
    """Whether somebody else has deployed the release of this step in the meantime, and nobody is changing it now.

    If it ran from the start, as in a repair, that it runs says nothing about what was to be done.
    """
    if step.running == step.release.digest:
        return False
    record = world.ledger.records(step.environment).get(step.project)
    return record is not None and record.holder is None and record.release == step.release.digest


def _as_wanted(step: DeployStep) -> UnchangedStep:
    why = f"somebody else deployed {step.release.version} in the meantime"
    release = step.release
    return UnchangedStep(
        project=step.project, environment=step.environment, release=release.digest, version=release.version, why=why
    )


def _made(draft: PreparedPlan, step: DeployStep) -> MadeRelease | None:
    return draft.made.get(step.project) if step.publish else None


def _needs(step: Step) -> tuple[str, ...]:
    return step.release.needs if isinstance(step, DeployStep) else ()


def _good(result: Result) -> bool:
    return result.good


def _guarded(world: World, step: DeployStep, run: Callable[[], Result]) -> Result:
    try:
        with timed("unit", f"{step.project} in {step.environment}"):
            return run()
    except Exception as raised:
        error = as_ours(f"{step.project} in {step.environment}", raised)
        if isinstance(error, SessionEnded):
            world.endings.note(error)
            world.tell(step.project, step.environment, "under way", "the session has ended")
        else:
            world.tell(step.project, step.environment, "failed", f"{error.where}: {error.what}")
        found = Result.of_error(step.project, step.environment, error)
        return attrs.evolve(found, version=step.release.version, release=step.release.digest)
