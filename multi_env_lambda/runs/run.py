"""The whole of a run: begin the job, look until nothing is left to do, and say how it ended.

Nothing that it was told counts but the id. What the branch says, what runs, what is held and what waits is seen at each
look; so a push during the run, another build's deploy and a rollback by hand lead to another look, never to an error.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from multi_env_lambda.ci.decision import Bring, Decision, Job, Own, Plan, Release, Remove, Upkeep
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.subject import Branch, Cell, PullRequest, Subject, Tag, subject_of
from multi_env_lambda.ci.wanted import Wanted, place_of_id
from multi_env_lambda.errors import Busy, ConfigurationError, PlanStale
from multi_env_lambda.operations.ci_kept import write_result
from multi_env_lambda.operations.dispatch import begin_job, finish_job, want, wanted_at
from multi_env_lambda.runs.bring import about, bring, bring_cell
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.look import Seen, decided, look
from multi_env_lambda.runs.own import bring_own, remove_own
from multi_env_lambda.runs.passage import Passage
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.request import plan_request
from multi_env_lambda.runs.tell import tell
from multi_env_lambda.runs.upkeep import keep_up
from multi_env_lambda.world import World

__all__ = ["MOST_LOOKS", "is_job", "run_job"]

MOST_LOOKS = 20
"""In a row that each find that the world has moved. After that, the schedule looks again."""

_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_JOB = re.compile(r"[0-9a-f]{32}")


def is_job(job: str) -> str:
    """The id of a job, looked at before anything is done with it.

    Raises:
        ConfigurationError: it is none.
    """
    if not _JOB.fullmatch(job):
        what = f"{quoted(job)} is no id of a job; expected 32 hexadecimal digits"
        raise ConfigurationError("ci run", what, hint="the dispatcher gives it to the build that it starts")
    return job


def run_job(hands: Hands, root: Path) -> Report:
    """Do what the job wants, in the clone at ``root``.

    Raises:
        MultiEnvLambdaError: it could not be done; the job stays this build's until somebody sees that it has ended.
    """
    job = is_job(hands.job)
    world = hands.opens(root)
    wanted = begin_job(world.store, job, hands.build)
    if wanted is None:
        return Report(notes=("there is nothing to do: the job is another build's, or over",)).told(hands.say)
    named = subject_of(wanted.key)
    assert named is not None, "what is stored names a subject"
    cell = named if isinstance(named, Cell) else None
    subject = named if cell is None else cell.of
    done = Report()
    for number in range(MOST_LOOKS):
        seen, found = _look(hands, world, subject, cell)
        # Each look finds again what waits and what fails; of those before, what they have done is kept.
        done = _settled(Report(results=done.results) + found)
        if found.again:
            hands.say(f"looks again: {found.again}")
            world.sleep(min(_PAUSE * 2**number, _LONGEST_PAUSE))
            continue
        if seen is not None and cell is None and not done.handed:
            done = _settled(done + Report(notes=tell(hands, seen, subject, done)))
        if _finished(hands, world, done):
            return done.told(hands.say)
        hands.say("somebody has asked in the meantime, so it looks again")
    given_up = Report(failures=(f"after {MOST_LOOKS} looks the world still moves; the schedule will look again",))
    done = _settled(done + given_up)
    _finished(hands, world, done)
    return done.told(hands.say)


def _look(hands: Hands, world: World, subject: Subject, cell: Cell | None) -> tuple[Seen | None, Report]:
    """One look. What moved between reading and writing is a reason for another one."""
    seen = None
    try:
        seen = look(hands, world.config.ci.branch, subject, world)
        wanted = _wanted(hands, world)
        return seen, _carry_out(hands, seen, decided(hands, seen, wanted, subject), _Task(subject, cell, wanted))
    except (PlanStale, Busy) as error:
        return None, Report(again=f"{error.where}: {error.what}")
    except ConfigurationError as error:
        # What the branch says cannot be followed, and another build would find the same.
        return seen, Report(failures=(f"{error.where}: {error.what}; {error.hint}",))


@attrs.frozen
class _Task:
    """What a run is for: a subject, or of one that handed it on, a cell."""

    subject: Subject
    cell: Cell | None
    wanted: Wanted


def _carry_out(hands: Hands, seen: Seen, decision: Decision, task: _Task) -> Report:
    hands.say(decision.why)
    report = Report(notes=(decision.why, *decision.notes))
    for job in decision.jobs:
        if job.subject != task.subject:
            # It gets a build of its own: that of the same subject which runs already looks again. A build of what is
            # not merged may ask for nothing else, and what started it has heard the same decision.
            if not isinstance(task.subject, PullRequest) and task.cell is None:
                want(seen.protected.store, job.subject.key)
            continue
        report += _do(hands, seen, job, task)
        if report.again:
            return report
    if isinstance(task.subject, Tag) and task.cell is None:
        # It may have released what is older than the branch, where that has gone back to an older text.
        want(seen.protected.store, Branch(name=seen.line.branch).key)
    return report


def _do(hands: Hands, seen: Seen, job: Job, task: _Task) -> Report:
    if task.cell is not None and not isinstance(job, Bring | Release):
        return Report(notes=("what it was to do in this cell is already done in another way",))
    match job:
        case Bring(branch=branch, only=only):
            if not seen.commit:
                return Report(notes=("each commit of the branch says that it is to be skipped",))
            return _brought(_passage(hands, seen, job, task, only, quoted(branch)), task)
        case Release(tag=tag, unit=unit):
            if not seen.commit or not unit:
                what = f"the tag {quoted(tag)} is gone, or not on {quoted(seen.line.branch)}; it releases nothing"
                return Report(notes=(what,))
            return _brought(_passage(hands, seen, job, task, (unit,), f"the tag {quoted(tag)}"), task)
        case Plan():
            return plan_request(hands, seen, job)
        case Own():
            return bring_own(hands, seen.world, seen.root, seen.commit, job) if seen.commit else Report()
        case Remove():
            return remove_own(hands, seen.protected, job)
        case Upkeep():
            return keep_up(seen)


def _brought(passage: Passage, task: _Task) -> Report:
    if task.cell is None:
        return bring(passage)
    mine = tuple(unit for unit in task.wanted.only if unit in (passage.only or task.wanted.only))
    if not mine:
        return Report(notes=("nothing is left to do in this cell",))
    return bring_cell(attrs.evolve(passage, only=mine), task.cell)


def _passage(hands: Hands, seen: Seen, job: Bring | Release, task: _Task, only: tuple[str, ...], of: str) -> Passage:
    stack = seen.protected.config.ci_stack
    return Passage(
        hands=hands,
        world=seen.world,
        root=seen.root,
        commit=seen.commit,
        line=seen.line,
        to=job.to,
        only=only,
        held=job.held,
        about=about(hands, seen.commit, of),
        of=task.subject if isinstance(task.subject, Branch | Tag) else None,
        spreads=hands.spreads and (stack is None or stack.builds > 1),
        handed=task.wanted.handed,
    )


def _wanted(hands: Hands, world: World) -> Wanted:
    """What is wanted now: somebody may have agreed to a commit since the run began."""
    place = place_of_id(hands.job)
    found = wanted_at(world.store, place)
    if found is None:
        raise ConfigurationError(place, "it is gone", hint="nobody deletes what is wanted; push again, or ask again")
    return found


def _finished(hands: Hands, world: World, done: Report) -> bool:
    """Leave how it went, and end. False: somebody has asked in the meantime."""
    write_result(world.store, hands.job, hands.build, done.to_document())
    waits = tuple((wait.environment, wait.digest) for wait in done.waits)
    return finish_job(world.store, hands.job, hands.build, done.line, waits, done.handed)


def _settled(done: Report) -> Report:
    """Of several looks: each thing is said once, and a result is the last one of its unit and environment."""
    results = {(one.environment, one.project): one for one in done.results if one.outcome != "unchanged"}
    return Report(
        results=tuple(results.values()),
        waits=tuple(dict.fromkeys(done.waits)),
        stops=tuple(dict.fromkeys(done.stops)),
        failures=tuple(dict.fromkeys(done.failures)),
        notes=tuple(dict.fromkeys(done.notes)),
        plan=done.plan,
        handed=tuple(dict.fromkeys(done.handed)),
    )
