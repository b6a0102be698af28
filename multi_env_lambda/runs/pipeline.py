"""A step of a pipeline of CodePipeline: what there is to do, one environment, what waits in several of one stage, or
how it all went.

Each looks at what the protected branch says at that moment, as every run does, so an execution that was replaced by a
newer one has lost nothing. A unit that fails stops itself and its dependents, while the others go on: the step of an
environment is green, and the last step is red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.ci.decision import Bring
from multi_env_lambda.ci.subject import Branch
from multi_env_lambda.ci.wanted import ask
from multi_env_lambda.errors import Busy, ConfigurationError, MultiEnvLambdaError, PlanStale
from multi_env_lambda.model.codepipeline import (
    APPROVED,
    EXECUTION_VARIABLE,
    LONGEST_TEXT,
    NOTHING,
    PLAN,
    RESULT,
    STEP_VARIABLE,
    groups_of,
    said_of_group,
    waiting_plans,
)
from multi_env_lambda.model.plan import DeployStep, NewerStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.ci_kept import kept_plan, read_step, units_in, write_step
from multi_env_lambda.runs.bring import about, bring_to
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.look import Seen, decided, look
from multi_env_lambda.runs.passage import Passage
from multi_env_lambda.runs.report import Report, Wait
from multi_env_lambda.runs.tell import tell
from multi_env_lambda.wording import counted
from multi_env_lambda.world import World

__all__ = ["Found", "Step", "run_step", "step_of"]

_MOST_LOOKS = 20
_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_EXECUTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST, _LONGEST_NAME = 300, 50
_ODD = re.compile(r"[^A-Za-z0-9 ,.:()_-]")


@attrs.frozen(kw_only=True)
class Step:
    """Which step of which execution; ``approved``: after somebody has agreed."""

    name: str
    execution: str
    approved: bool = False


@attrs.frozen(kw_only=True)
class Found:
    """What a step leaves for the actions after it, a line each."""

    changes: str = NOTHING
    digest: str = NOTHING
    summary: str = NOTHING


def step_of(variables: Mapping[str, str]) -> Step:
    """The step that the action's variables name.

    Raises:
        ConfigurationError: they name none.
    """
    said, execution = variables.get(STEP_VARIABLE, ""), variables.get(EXECUTION_VARIABLE, "")
    if not said or not _EXECUTION.fullmatch(execution):
        what = f"this is no action of the pipeline: {STEP_VARIABLE} or {EXECUTION_VARIABLE} is not set"
        hint = "the template that `ci write codepipeline` writes sets both; by hand, `ci run JOB`"
        raise ConfigurationError("ci run", what, hint=hint)
    name = said.removesuffix(APPROVED)
    return Step(name=name, execution=execution, approved=name != said)


def run_step(hands: Hands, root: Path, step: Step) -> tuple[Report, Found]:
    """Do what the step is for, in the clone at ``root``.

    Raises:
        MultiEnvLambdaError: it could not be done.
    """
    hands = attrs.evolve(hands, job=step.execution)
    world = hands.opens(root)
    places = tuple(place.name for place in world.config.environments)
    if step.name == RESULT:
        report = Report(failures=_failures(world, step, places))
        return (report + _said(hands, world, None, report)).told(hands.say), Found()
    groups = {group.name: tuple(place.name for place in group.places) for group in groups_of(world.config.environments)}
    names = groups.get(step.name, (step.name,))
    if step.name != PLAN and step.name not in (*places, *groups):
        hint = "run `ci write codepipeline` again, and apply the template"
        raise ConfigurationError(
            "ci run", f"the pipeline names `{step.name}`, and there is no such environment here", hint=hint
        )
    report, found, seen = Report(), Found(), None
    for name in names:
        looked, found, seen = _looked(hands, world, attrs.evolve(step, name=name))
        write_step(world.store, step.execution, name, looked.failures)
        report += looked
    if len(names) > 1:
        found = _found_in(world, report)
    overtaken = tuple(_overtaken(report)) if step.approved else ()
    if step.name in groups:
        everything = attrs.evolve(report, failures=(*_failures(world, step, places), *overtaken))
        report += _said(hands, world, seen, everything)
    report = (report + Report(failures=overtaken)).told(hands.say)
    return attrs.evolve(report, failures=overtaken), found


def _overtaken(report: Report) -> Iterator[str]:
    """Somebody has agreed to something, and it is not what would be done now."""
    for wait in report.waits:
        yield f"{wait.environment}: nothing was deployed, since the plan is now {wait.digest[:12]}: {wait.what}"


def _failures(world: World, step: Step, places: Iterable[str]) -> tuple[str, ...]:
    """Of all steps of this execution so far."""
    return tuple(text for name in (PLAN, *places) for text in read_step(world.store, step.execution, name))


def _said(hands: Hands, world: World, seen: Seen | None, report: Report) -> Report:
    """Tell people, as other runs do. A step that runs beside another one does not: they would write two comments."""
    subject = Branch(name=world.config.ci.branch)
    try:
        seen = seen or look(hands, subject.name, subject, world)
    except MultiEnvLambdaError as error:
        return Report(notes=(f"nothing could be said: {error.where}: {error.what}",))
    return Report(notes=tell(hands, seen, subject, report))


def _looked(hands: Hands, world: World, step: Step) -> tuple[Report, Found, Seen | None]:
    """Look until the world stands still; what earlier looks have done is kept."""
    done, seen = Report(), None
    for number in range(_MOST_LOOKS):
        try:
            seen = look(hands, world.config.ci.branch, Branch(name=world.config.ci.branch), world)
            report, found = _planned(hands, seen) if step.name == PLAN else _brought(hands, seen, step)
        except (PlanStale, Busy) as error:
            report, found = Report(again=f"{error.where}: {error.what}"), Found()
        done = attrs.evolve(report, results=(*done.results, *report.results))
        if not report.again:
            return done, found, seen
        hands.say(f"looks again: {report.again}")
        world.sleep(min(_PAUSE * 2**number, _LONGEST_PAUSE))
    text = f"after {_MOST_LOOKS} looks the world still moves; start the pipeline again"
    return attrs.evolve(done, again="", failures=(*done.failures, text)), Found(), seen


def _planned(hands: Hands, seen: Seen) -> tuple[Report, Found]:
    """What bringing the branch to the last environment would change; nothing is written but what was found."""
    last = seen.world.config.end
    plan = pipeline.plan(seen.world, Request(verb="deploy", target=last, through=True)).plan
    hands.say(str(plan) if plan.deploys else "nothing would change")
    broken = tuple(f"{step.environment} {step.project}: {step.what}" for step in plan.blocked if step.kind != "Refused")
    # What seems to be newer there may have to give way to the branch; its step finds out.
    moves = {step.environment for step in plan.steps if isinstance(step, DeployStep | NewerStep)}
    names = [place.name for place in seen.world.config.environments if place.name in moves]
    groups = groups_of(seen.world.config.environments)
    names += [group.name for group in groups if not group.is_one and moves & {one.name for one in group.places}]
    names += [RESULT] if broken else []
    return Report(failures=broken), Found(changes=f":{':'.join(names)}:" if names else NOTHING, digest=plan.digest)


def _brought(hands: Hands, seen: Seen, step: Step) -> tuple[Report, Found]:
    """One environment, as far as the settings and the ``ci.py`` of the branch let it go."""
    subject = Branch(name=seen.line.branch)
    decision = decided(hands, seen, ask(None, subject.key, seen.protected.store.now()), subject)
    report = Report(notes=(decision.why, *decision.notes))
    names = [place.name for place in seen.world.config.environments]
    for job in decision.jobs:
        if isinstance(job, Bring) and seen.commit and names.index(step.name) <= names.index(job.to):
            passage = Passage(
                hands=hands,
                world=seen.world,
                root=seen.root,
                commit=seen.commit,
                line=seen.line,
                to=job.to,
                only=job.only,
                held=job.held,
                about=about(hands, seen.commit, "a pipeline"),
            )
            report += bring_to(passage, step.name)
    return report, _found(seen.world, report)


def _found(world: World, report: Report) -> Found:
    if not report.waits:
        return Found()
    wait = report.waits[0]
    return Found(digest=wait.digest, summary=_summary(_units(world, wait), _LONGEST))


def _found_in(world: World, report: Report) -> Found:
    """What waits in several environments, for one person to agree to all of it."""
    if not report.waits:
        return Found()
    plans = waiting_plans({wait.environment: wait.digest for wait in report.waits})
    longest = min(_LONGEST, LONGEST_TEXT - len(said_of_group("", plans, "")) - _LONGEST_NAME)
    units = [unit for wait in report.waits for unit in _units(world, wait)]
    return Found(digest=plans, summary=_summary(units, longest))


def _units(world: World, wait: Wait) -> tuple[str, ...]:
    """The units that would change where it waits."""
    return units_in(kept_plan(world.store, wait.environment, wait.digest) or {}, wait.environment)


def _summary(named: Iterable[str], longest: int) -> str:
    """The units that would change, as the approver reads them: in words that CodePipeline replaces nothing in."""
    units = list(dict.fromkeys(named))
    text = f"{counted(len(units), 'unit')}: {', '.join(units)}"
    return _ODD.sub("-", text)[:longest]
