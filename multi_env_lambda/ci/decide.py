"""The decision, on one page: what happened and what the world is like, to what is to be done.

An event only says "look at this branch". So a push that is reported twice, one whose event is lost and one that another
has overtaken are no special cases, and the schedule's look leads to the same as the event would have.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.ci.decision import Bring, Decision, Job, Plan, Release, Upkeep, nothing
from multi_env_lambda.ci.happened import (
    ApprovalGiven,
    Asked,
    BranchGone,
    BranchMoved,
    BuildEnded,
    CommitAgreed,
    Happened,
    NotForUs,
    PullRequestChanged,
    ScheduleLooked,
    TagMade,
)
from multi_env_lambda.ci.names import looks_like_a_release, quoted, unit_of_tag
from multi_env_lambda.ci.narrowing import narrowed
from multi_env_lambda.ci.own import own_environment, unlike_their_branches
from multi_env_lambda.ci.state import Frozen, State
from multi_env_lambda.ci.subject import Branch, Cell, Everything, PullRequest, Subject, Tag, subject_of
from multi_env_lambda.model.ci import DAY

__all__ = ["decide"]

_SECONDS_OF_A_TAG = 2 * DAY
"""How old a tag may be that no event told of: a repository that begins with this releases none of its old ones."""


def decide(happened: Happened, state: State) -> Decision:
    """What is to be done by default."""
    return narrowed(_elsewhere(happened, state) or _decided(happened, state), state)


def _decided(happened: Happened, state: State) -> Decision:
    match happened:
        case BranchMoved(branch=branch) | BranchGone(branch=branch):
            return _branch(branch, state, gone=isinstance(happened, BranchGone))
        case TagMade(tag=tag):
            return _tag(tag, state)
        case PullRequestChanged():
            return _pull_request(happened, state)
        case CommitAgreed():
            return _agreed(happened, state)
        case ApprovalGiven():
            return _approved(happened, state)
        case Asked(subject=subject):
            return _look(subject, state)
        case ScheduleLooked():
            bring, everything = _branch(state.rules.branch, state), _look(Everything(), state)
            return attrs.evolve(
                everything, jobs=_once((*bring.jobs, *_waiting(state), *everything.jobs)), notes=bring.notes
            )
        case BuildEnded(status=status):
            return nothing(f"a build ended with {quoted(status)}, and what it leaves to do is wanted already")
        case NotForUs(reason=reason):
            return nothing(reason)


def _look(subject: Subject, state: State) -> Decision:
    match subject:
        case Branch(name=name):
            return _branch(name, state)
        case Tag(name=name):
            return _tag(name, state)
        case PullRequest(number=number):
            return _plan(number, state, stranger=state.stranger is not False)
        case Cell(of=of):
            return _look(of, state)
        case Everything():
            own = [job for branch in unlike_their_branches(state) for job in _branch(branch, state).jobs]
            tags = [
                job
                for tag, made in sorted(state.tags.items())
                if state.now - made < _SECONDS_OF_A_TAG
                for job in _tag(tag, state).jobs
            ]
            return Decision(jobs=_once((Upkeep(), *own, *tags)), why="it is time to look at everything")


def _branch(name: str, state: State, *, gone: bool = False) -> Decision:
    """Whether a branch is gone; if its state was looked up, that counts and not the event."""
    gone = gone if state.branches is None else name not in state.branches
    if name == state.rules.branch:
        return nothing(f"{quoted(name)} is gone, which takes nothing back") if gone else _bring(name, state)
    return own_environment(name, state, gone=gone)


def _bring(name: str, state: State) -> Decision:
    reachable, frozen = state.before_frozen()
    held = tuple(
        f"{one.unit} stays as it is in {one.environment}: {quoted(one.reason)}, {quoted(one.who)}" for one in state.held
    )
    notes = (*held, *_about(frozen))
    if not reachable:
        return Decision(why="the first environment is frozen", notes=notes)
    bring = Bring(branch=name, to=reachable[-1], held=state.holds())
    return Decision(jobs=(bring,), why=f"{quoted(name)} moved", notes=notes)


def _about(frozen: Frozen | None) -> tuple[str, ...]:
    if frozen is None:
        return ()
    return (f"{frozen.environment} is frozen: {quoted(frozen.reason)}, {quoted(frozen.who)}",)


def _tag(tag: str, state: State) -> Decision:
    reachable, frozen = state.before_frozen()
    if not looks_like_a_release(tag):
        return nothing(f"the tag {quoted(tag)} is no unit's name and a version")
    found = ("", "") if state.units is None else unit_of_tag(tag, state.units)
    if isinstance(found, str):
        return nothing(found)
    if not reachable:
        return nothing("the first environment is frozen")
    unit, version = found
    release = Release(tag=tag, unit=unit, version=version, to=reachable[-1], held=state.holds(unit))
    return Decision(jobs=(release,), why=f"the tag {quoted(tag)} releases a unit", notes=_about(frozen))


def _pull_request(happened: PullRequestChanged, state: State) -> Decision:
    if happened.into != state.rules.branch:
        into, protected = quoted(happened.into), quoted(state.rules.branch)
        return nothing(f"pull request {happened.number} goes into {into}, and plans are made for {protected}")
    match happened.what:
        case "opened" | "updated":
            return _plan(happened.number, state, stranger=happened.stranger)
        case "merged":
            return _branch(state.rules.branch, state)
        case "closed":
            return nothing(f"pull request {happened.number} was closed")


def _plan(number: int, state: State, *, stranger: bool) -> Decision:
    """A plan runs the change's own code, so a stranger's gets no credentials but by a yes to that very commit."""
    why = f"pull request {number} is a member's"
    if not stranger:
        return Decision(jobs=(Plan(number=number, credentials="read"),), why=why)
    if state.agreed:
        why = f"a maintainer agreed to {', '.join(one[:12] for one in state.agreed)} of pull request {number}"
        return Decision(jobs=(Plan(number=number, credentials="read", agreed=state.agreed),), why=why)
    match state.rules.strangers:
        case "copy":
            why = f"pull request {number} is a stranger's: it is planned without credentials"
            return Decision(jobs=(Plan(number=number, credentials="none"),), why=why)
        case "ask":
            return nothing(f"pull request {number} is a stranger's, and waits for a maintainer's yes to its commit")


def _agreed(happened: CommitAgreed, state: State) -> Decision:
    if not happened.commit or happened.who not in state.rules.maintainers:
        return nothing(f"{quoted(happened.who)} is none of the maintainers whose yes counts")
    plan = Plan(number=happened.number, credentials="read", agreed=(happened.commit,))
    why = f"{quoted(happened.who)} agreed to {happened.commit[:12]} of pull request {happened.number}"
    return Decision(jobs=(plan,), why=why)


def _approved(happened: ApprovalGiven, state: State) -> Decision:
    """What waited goes on. Whether the approval is one, and by somebody else, the gate decides."""
    if happened.environment not in state.environments:
        return nothing(f"an approval for {quoted(happened.environment)}, which is not an environment")
    why = f"{happened.environment} was approved"
    jobs = _once(_waiting(state, happened.environment)) or _branch(state.rules.branch, state).jobs
    return Decision(jobs=jobs, why=why)


def _waiting(state: State, environment: str = "") -> tuple[Job, ...]:
    """The jobs that stopped in front of an environment, or of any."""
    subjects = [subject_of(one.key) for one in state.waiting if environment in ("", one.environment)]
    return tuple(job for subject in subjects if subject is not None for job in _look(subject, state).jobs)


def _once(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """One job of each subject, the first."""
    found: dict[str, Job] = {}
    for job in jobs:
        found.setdefault(job.subject.key, job)
    return tuple(found.values())


def _elsewhere(happened: Happened, state: State) -> Decision | None:
    match happened:
        case BranchMoved() | BranchGone() | TagMade() | PullRequestChanged() | CommitAgreed():
            if state.repository not in ("", happened.repository):
                return nothing(f"{quoted(happened.repository)} is another repository than {quoted(state.repository)}")
        case ApprovalGiven(bucket=bucket):
            if state.bucket not in ("", bucket):
                return nothing(f"{quoted(bucket)} is another bucket than {quoted(state.bucket)}")
        case Asked() | ScheduleLooked() | BuildEnded() | NotForUs():
            pass
    return None
