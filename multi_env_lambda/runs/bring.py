"""Bring a commit through the stages, one after the other, until one waits for an approval; the cells of one at once.

Each environment is a plan and its application, by the same steps as a person's ``deploy``. What a person would be asked
about an older commit, the branch answers: a later commit of it stays, and everything else gives way to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.standing import Standing
from multi_env_lambda.ci.subject import Cell
from multi_env_lambda.errors import Busy, PlanStale
from multi_env_lambda.flow.consent import NO_CONSENT, Consent
from multi_env_lambda.flow.gate import gate
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.plan import DeployStep, NewerStep, Plan, Step
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.stages import Stage, cells_of
from multi_env_lambda.model.waiting import command_for
from multi_env_lambda.operations.ci_kept import keep_plan, was_verified, write_verified
from multi_env_lambda.pipeline import PreparedPlan
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.passage import Passage, dependents
from multi_env_lambda.runs.report import Report, Wait, of_results
from multi_env_lambda.runs.spread import environments_of, name_of, share_out
from multi_env_lambda.world import World

__all__ = ["about", "bring", "bring_cell", "bring_to", "tested"]

_WAIT_SECONDS = 300.0
"""For a unit that somebody else is deploying; after that the run looks again."""


def bring(passage: Passage) -> Report:
    """Stage by stage; a unit that failed in one goes no further, nor does what needs it."""
    done, failed = Report(), set[str]()
    for stage in passage.stages:
        found, lost = _side_by_side(passage, stage, frozenset(failed))
        done += found
        failed |= dependents(passage.world, lost)
        if found.again:
            break
    return done


def _side_by_side(passage: Passage, stage: Stage, failed: frozenset[str]) -> tuple[Report, set[str]]:
    """The cells of one stage at the same time; what happened there, and the units that failed in any."""
    if passage.spreads and len(cells_of(stage)) > 1:
        return _spread(passage, stage, failed)
    return _added(in_parallel(partial(_in_cell, passage, failed), cells_of(stage)))


def _added(found: Iterable[tuple[Report, set[str]]]) -> tuple[Report, set[str]]:
    done, lost = Report(), set[str]()
    for report, bad in found:
        done += report
        lost |= bad
    return done, lost


def _spread(passage: Passage, stage: Stage, failed: frozenset[str]) -> tuple[Report, set[str]]:
    """The same, where cells may get builds of their own: it is prepared here, so gates and `verify` come before."""
    prepared = in_parallel(lambda cell: [_tried(passage, place.name, failed) for place in cell], cells_of(stage))
    done, lost = _added(one for found in prepared for one in found if not isinstance(one, _Ready))
    ready = {
        name_of(cell): [one for one in found if isinstance(one, _Ready)]
        for cell, found in zip(cells_of(stage), prepared, strict=True)
    }
    if done.again:
        return done, lost
    work = {cell: frozenset(unit for one in ones for unit in one.units) for cell, ones in ready.items() if ones}
    shares = share_out(passage, stage, work)
    here = [one for cell in shares.here for one in ready[cell]]
    more, bad = _added(_carried_out(passage, one) for one in here)
    return done + shares.report + more, lost | bad | shares.lost


def bring_to(passage: Passage, place: str) -> Report:
    """One environment on the way, for a run that is about no other."""
    return _through(passage, place, frozenset())[0]


def bring_cell(passage: Passage, cell: Cell) -> Report:
    """What a run of a branch or a tag has left to this one."""
    return _in_cell(passage, frozenset(), environments_of(passage, cell))[0]


def _in_cell(passage: Passage, failed: frozenset[str], cell: Stage) -> tuple[Report, set[str]]:
    """One environment of a cell after the other; what fails in one says nothing about those beside it."""
    return _added(_through(passage, place.name, failed) for place in cell)


def _through(passage: Passage, place: str, failed: frozenset[str]) -> tuple[Report, set[str]]:
    """One environment; what happened there, and the units that failed."""
    ready = _tried(passage, place, failed)
    return _carried_out(passage, ready) if isinstance(ready, _Ready) else ready


def _tried(passage: Passage, place: str, failed: frozenset[str]) -> _Ready | tuple[Report, set[str]]:
    """What may be done there; what moved meanwhile is a reason to look again, which takes nothing from the others."""
    try:
        return _prepared(passage, place, failed)
    except (PlanStale, Busy) as error:
        return Report(again=f"{error.where}: {error.what}"), set()


@attrs.frozen(kw_only=True)
class _Ready:
    """An environment that opens for a plan.

    Args:
        goes: the units that go although something else than their past runs.
        so_far, lost: what is to be said already, and the units that failed before anything was done.
    """

    place: str
    draft: PreparedPlan
    goes: frozenset[str]
    so_far: Report
    lost: frozenset[str] = frozenset()

    @property
    def units(self) -> tuple[str, ...]:
        """Those that change."""
        return tuple(step.project for step in self.draft.plan.deploys)


def _prepared(passage: Passage, place: str, failed: frozenset[str]) -> _Ready | tuple[Report, set[str]]:
    """What may be done in an environment; or, if nothing, why, and the units that failed."""
    left_out = failed | passage.kept(place)
    draft, goes, stops = _planned(passage, place, left_out)
    if draft is None or not draft.plan.deploys:
        return (Report() if draft is None else _still(passage, draft)) + Report(stops=stops), set()
    if passage.is_first(place):
        broken = _tested(passage, draft.plan)
        if broken:
            bad = dependents(passage.world, broken)
            failures = tuple(f"{place} {unit}: its tests failed: {text}" for unit, text in broken.items())
            return _without(_prepared(passage, place, failed | bad), Report(failures=failures), bad)
    elif text := _not_verified(passage, draft.plan, place):
        return Report(stops=stops, failures=(text,)), {step.project for step in draft.plan.deploys}
    closed = _closed(passage, draft, place)
    if closed is not None:
        blocked = of_results(tuple(step.result for step in draft.plan.blocked))
        return closed + blocked + Report(stops=stops), set()
    return _Ready(place=place, draft=draft, goes=goes, so_far=Report(stops=stops))


def _without(ready: _Ready | tuple[Report, set[str]], more: Report, bad: set[str]) -> _Ready | tuple[Report, set[str]]:
    """The same where some units have failed before."""
    if isinstance(ready, _Ready):
        return attrs.evolve(ready, so_far=ready.so_far + more, lost=ready.lost | bad)
    return ready[0] + more, ready[1] | bad


def _carried_out(passage: Passage, ready: _Ready) -> tuple[Report, set[str]]:
    answered, answers = _answered(ready.draft, ready.goes)
    world = attrs.evolve(passage.world, may_go=lambda step, record: _must_go(passage, step, record))
    results = pipeline.apply(world, answered, Consent(allowed=answers), wait_seconds=_WAIT_SECONDS)
    lost = {one.project for one in results if not one.good}
    return of_results(results) + ready.so_far, lost | ready.lost


def _answered(draft: PreparedPlan, goes: Collection[str]) -> tuple[PreparedPlan, frozenset[str]]:
    """What the branch answers instead of a person, and the plan whose records say that it did."""
    steps: list[Step] = []
    answers = set[str]()
    for step in draft.plan.steps:
        if isinstance(step, DeployStep) and step.project in goes:
            older = [question for question in step.questions if question.kind == "older"]
            answers |= {question.answer for question in older}
            why = "".join(f"; the branch goes first: {question.text}" for question in older)
            steps.append(attrs.evolve(step, reason=f"{step.reason}{why}"))
        else:
            steps.append(step)
    return attrs.evolve(draft, plan=attrs.evolve(draft.plan, steps=tuple(steps))), frozenset(answers)


def _planned(
    passage: Passage, place: str, left_out: Collection[str]
) -> tuple[PreparedPlan | None, frozenset[str], tuple[str, ...]]:
    """The plan of what may change here; the units that go although something else than their past runs; what stays."""
    names = set(passage.only or passage.world.unit_names) - set(left_out)
    restricted = bool(passage.only) or bool(set(left_out) & set(passage.world.unit_names))
    stops: dict[str, str] = {}
    while names:
        request = Request(
            verb="deploy",
            target=place,
            only=tuple(sorted(names)) if restricted else (),
            reason=passage.about,
        )
        draft = pipeline.plan(passage.world, request, closely=True)
        verdicts = _verdicts(passage, draft)
        again = sorted(unit for unit, one in verdicts.items() if one == "look again")
        if again:
            what = f"{again[0]} runs from a commit that is no past of this one, and the branch has moved"
            raise PlanStale(f"{again[0]} in {place}", what, hint="the run looks again")
        late = {unit for unit, one in verdicts.items() if one == "superseded"}
        stops |= {unit: f"{place} {unit}: superseded, since a later commit of the branch runs" for unit in late}
        unnamed = {
            step.project
            for step in draft.plan.steps
            if isinstance(step, NewerStep) and verdicts.get(step.project) == "goes"
        }
        gone = {step.project for step in draft.plan.steps if step.project not in passage.world.unit_names}
        if not late and (restricted or not unnamed):
            goes = frozenset(unit for unit, one in verdicts.items() if one == "goes")
            return pipeline.fitting(passage.world, draft), goes, tuple(stops[unit] for unit in sorted(stops))
        names, restricted = (names | gone) - late, True
    return None, frozenset(), tuple(stops[unit] for unit in sorted(stops))


def _verdicts(passage: Passage, draft: PreparedPlan) -> Mapping[str, Standing]:
    """By unit that would change, or that stays because it seems to be newer."""
    found: dict[str, Standing] = {}
    for step in draft.plan.steps:
        record = draft.known.records.get((step.environment, step.project))
        if isinstance(step, DeployStep):
            found[step.project] = _standing(passage, record, step.environment, step.origin.commit)
        elif isinstance(step, NewerStep):
            found[step.project] = _standing(passage, record, step.environment, passage.commit)
    return found


def _standing(passage: Passage, record: Record | None, place: str, mine: str) -> Standing:
    running = None if record is None else record.running
    if running is None:
        return "goes"
    return passage.line.standing(running.commit, mine or passage.commit, first=passage.is_first(place))


def _must_go(passage: Passage, step: DeployStep, record: Record) -> None:
    """The same under the lease, with the branch as it is then.

    Raises:
        PlanStale: the unit stays as it is, and the run looks again.
    """
    found = _standing(passage, record, step.environment, step.origin.commit)
    if record.hold is not None or found != "goes":
        why = "somebody holds it" if record.hold is not None else f"it is {found}"
        raise PlanStale(f"{step.project} in {step.environment}", why, hint="the run looks again")


def _tested(passage: Passage, plan: Plan) -> dict[str, str]:
    """By unit whose own tests failed, what they said."""
    names = [step.project for step in plan.deploys]
    return tested(passage.hands, passage.world, passage.root, names, passage.tested)


def tested(hands: Hands, world: World, root: Path, names: Iterable[str], known: dict[str, str]) -> dict[str, str]:
    """By unit of these whose own tests failed, what they said; each is tested once. ``known`` is added to."""
    wanted = list(names)
    units = {unit.name: unit for unit in world.projects.named(*wanted)}
    wanted = [name for name in wanted if name in units]
    for name in wanted:
        if name not in known:
            hands.say(f"{name}: its own tests")
            known[name] = hands.proofs.unit(root, units[name])
    return {name: known[name] for name in wanted if known[name]}


def _not_verified(passage: Passage, plan: Plan, place: str) -> str:
    """What the workspace's command said after the stage before; empty if it succeeded, then or earlier."""
    command = passage.world.config.ci.verify
    digest = plan.digest_of(place)
    if not command or was_verified(passage.world.store, place, digest):
        return ""
    for before in passage.before(place):
        if said := passage.verify(command, before):
            return f"{before}: the command `verify` failed, so nothing goes on to {place}: {said}"
    write_verified(passage.world.store, place, digest)
    return ""


def _closed(passage: Passage, draft: PreparedPlan, place: str) -> Report | None:
    """What to say where the environment does not open; None: it does."""
    frozen = tuple(one for one in draft.plan.questions if one.kind == "frozen")
    if frozen:  # since the look; the next one sees it and stops before
        return Report(stops=tuple(f"{place}: {one.text}" for one in frozen))
    found = gate(passage.world, draft.plan, place, NO_CONSENT)
    if found.closed is None:
        return None
    plan = with_rules(passage.world, draft.plan)
    if not any(bound.needs_approval and not bound.unreadable for bound in plan.rules) or _looks_only(passage, place):
        return Report(stops=(f"{place}: {found.closed.what}; {found.closed.hint}",))
    if draft.made:
        report = of_results(pipeline.publish(passage.world, draft))
        if report.failures or report.again:
            return report
        # Approvals are for what is published, so the plan says that nothing is left to publish.
        again = pipeline.plan(passage.world, Request.from_asked(dict(plan.asked)), closely=True)
        plan = with_rules(passage.world, again.plan)
    digest = plan.digest_of(place)
    keep_plan(passage.world.store, place, digest, plan)
    wait = Wait(environment=place, digest=digest, what=found.closed.what, command=command_for(place, digest))
    return Report(waits=(wait,))


def _looks_only(passage: Passage, place: str) -> bool:
    return passage.world.config.environment(place).only_looks


def _still(passage: Passage, draft: PreparedPlan) -> Report:
    """An environment in which nothing changes: why, unit by unit, and what is wrong with those that are blocked."""
    return of_results(pipeline.apply(passage.world, draft))


def about(hands: Hands, commit: str, of: str) -> str:
    """Why it is deployed, for the records: which job, which commit, and whose it says that it is."""
    return f"job {hands.job}: {of} at {commit[:12]} by {quoted(hands.repository.author(commit))}"
