"""The dispatcher: what happened becomes what is wanted, and what is wanted becomes builds.

Each write is one conditional step of ``ci/wanted.py``, so it may end between any two calls: the next process, for
the same message, for another one or for the schedule, goes on from what is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from multi_env_lambda.ci.decide import decide
from multi_env_lambda.ci.decision import Decision, Plan
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
from multi_env_lambda.ci.state import State, Waiting
from multi_env_lambda.ci.subject import Branch, Cell, Everything, PullRequest, Subject, Tag, subject_of
from multi_env_lambda.ci.wanted import (
    FOLDER,
    AskBuild,
    Claim,
    Rest,
    Start,
    Wait,
    Wanted,
    ask,
    begin,
    claim,
    died,
    finish,
    go_on,
    next_step,
    place_of,
    place_of_id,
    release,
    started,
)
from multi_env_lambda.errors import Busy, MultiEnvLambdaError
from multi_env_lambda.model.store import ObjectStore, Stored

__all__ = [
    "Builds",
    "Decide",
    "begin_job",
    "dispatch",
    "finish_job",
    "leave",
    "tend",
    "waiting",
    "want",
    "want_all",
    "wanted_at",
]

Decide = Callable[[Happened, State], Decision]

_MOST_TRIES = 50
"""Of a conditional write. Each that fails means that somebody else has come further."""


class Builds(Protocol):
    """Where builds run."""

    def start(self, job: str, *, merged: bool) -> str | None:
        """Start one for this job, and give its name; None where no more may run at the moment.

        ``merged``: it is about what is merged; a build of anything else may read what a plan reads, and no more.
        Started again with the same id, it may be the same build or another one.
        """
        ...

    def is_over(self, build: str) -> bool:
        """Whether it has ended, however."""
        ...


def dispatch(
    store: ObjectStore, builds: Builds, happened: Happened, state: State, decided: Decide = decide, *, message: str = ""
) -> Decision:
    """Do what follows from one event.

    Args:
        message: the id of the event, the same each time that it comes.

    Raises:
        Busy: a build is not there yet; what is wanted is stored, and the same message has to come again.
    """
    decision = decided(happened, state)
    places = want_all(store, happened, decision, message=message)
    # What this message has wanted before may have no build yet, whatever the decision is now.
    places += [place_of(subject.key) for subject in _subjects(happened)]
    if isinstance(happened, BuildEnded):
        # A build may have wanted another look at the protected branch, and starts none itself.
        places += [place_of_id(happened.job), place_of(Branch(name=state.rules.branch).key)]
    # What looks at everything wants others looked at, and starts no builds itself.
    of_everything = isinstance(happened, BuildEnded) and place_of_id(happened.job) == place_of(Everything().key)
    if isinstance(happened, ScheduleLooked) or of_everything:
        places += [one.key for one in store.list(FOLDER)]
    places = list(dict.fromkeys(places))
    _tend_all(store, builds, places)
    return decision


def _subjects(happened: Happened) -> tuple[Subject, ...]:
    """What the event itself is about."""
    match happened:
        case BranchMoved(branch=name) | BranchGone(branch=name):
            return (Branch(name=name),)
        case TagMade(tag=name):
            return (Tag(name=name),)
        case PullRequestChanged(number=number) | CommitAgreed(number=number):
            return (PullRequest(number=number),)
        case Asked(subject=subject):
            return (subject,)
        case ApprovalGiven() | ScheduleLooked() | BuildEnded() | NotForUs():
            return ()


def _tend_all(store: ObjectStore, builds: Builds, places: Sequence[str]) -> None:
    """Each, whatever becomes of the others: one that nobody can read any more keeps none of them waiting."""
    refused, broken = 0, None
    for place in places:
        try:
            refused += not tend(store, builds, place)
        except MultiEnvLambdaError as error:
            broken = error
    if broken is not None:
        raise broken
    if refused:
        raise Busy("the builds", f"{refused} of {len(places)} are not there yet", hint="let the message come again")


def want_all(store: ObjectStore, happened: Happened, decision: Decision, *, message: str) -> list[str]:
    """Store what a decision wants looked at; where the bucket has it.

    Raises:
        Busy: others write it at the same time again and again.
    """
    stranger = happened.stranger if isinstance(happened, PullRequestChanged) else None
    places: list[str] = []
    for job in decision.jobs:
        agreed = job.agreed if isinstance(job, Plan) else ()
        key = job.subject.key
        want(store, key, message=message, stranger=stranger, agreed=agreed)
        places.append(place_of(key))
    return places


def want(
    store: ObjectStore,
    key: str,
    *,
    message: str = "",
    stranger: bool | None = None,
    agreed: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> None:
    """Store that a subject has to be looked at; a build, too, may find out that another one has to be.

    Args:
        message: the id of what the wish came with.
        stranger, agreed: what is known of a pull request. only: of a cell, the units that it may change.

    Raises:
        Busy: others write it at the same time again and again.
    """
    place = place_of(key)
    for _ in range(_MOST_TRIES):
        stored = store.get(place)
        before = None if stored is None else Wanted.from_bytes(stored.body, where=place)
        wanted = ask(before, key, store.now(), message=message, stranger=stranger, agreed=agreed, only=only)
        if leave(store, stored, place, wanted.to_bytes()):
            return
    raise Busy(
        place, f"somebody else changed it during each of {_MOST_TRIES} attempts", hint="the same message may come again"
    )


def tend(store: ObjectStore, builds: Builds, place: str, *, alone: bool = False) -> bool:
    """Do what is next for one subject; False where a build would have to be there and is not yet.

    Args:
        alone: of a cell, nothing for the run that handed it on.
    """
    for _ in range(_MOST_TRIES):
        stored = store.get(place)
        done = True if stored is None else _tended(store, builds, stored, alone)
        if done is not None:
            return done
    return True


def _tended(store: ObjectStore, builds: Builds, stored: Stored, alone: bool) -> bool | None:
    """One step; None: look again what is next."""
    wanted = Wanted.from_bytes(stored.body, where=stored.key)
    match next_step(wanted, store.now()):
        case Claim() | Start() as step:
            # Of several that see a claim grow old, or of one that dies again here, one starts a build each time.
            again = isinstance(step, Start)
            mine = attrs.evolve(wanted, since=store.now()) if again else claim(wanted, store.now())
            return _start(store, builds, mine) if _write(store, stored, mine) else None
        case AskBuild(build=build):
            if not builds.is_over(build):
                return True
            _step(store, stored.key, lambda there: died(there, build, store.now()))
            return None
        case Wait():
            # Somebody claimed it and may be dead: this message is not through before a build is there.
            return wanted.state != "running"
        case Rest():
            return _at_rest(store, builds, wanted, alone)


def _at_rest(store: ObjectStore, builds: Builds, wanted: Wanted, alone: bool) -> bool | None:
    """What was handed on is tended with the run that did it, which goes on after the last one; None: it does."""
    subject = subject_of(wanted.key)
    if isinstance(subject, Cell):
        return alone or tend(store, builds, place_of(subject.of.key))
    places = [place_of(key) for key, _ in wanted.handed]
    there = [tend(store, builds, place, alone=True) for place in places]
    if not places or not all(there):
        return all(there)
    cells = [wanted_at(store, place) for place in places]
    if any(cell is not None and cell.state != "done" for cell in cells):
        return True
    _step(store, place_of(wanted.key), lambda now: go_on(now, store.now()))
    return None


def wanted_at(store: ObjectStore, place: str) -> Wanted | None:
    """What is stored of a subject; None: nobody has asked for it yet.

    Raises:
        UpgradeNeeded, DocumentError: it cannot be read.
    """
    stored = store.get(place)
    return None if stored is None else Wanted.from_bytes(stored.body, where=place)


def leave(store: ObjectStore, there: Stored | None, key: str, body: bytes) -> bool:
    """Write an object that may be there already; False: somebody else has written it since ``there`` was read."""
    if there is None:
        return store.put_new(key, body) is not None
    return body == there.body or store.replace(key, body, etag=there.etag) is not None


def begin_job(store: ObjectStore, job: str, build: str) -> Wanted | None:
    """What a build does first: take its job. None: it is another build's, or over, and there is nothing to do."""
    return _step(store, place_of_id(job), lambda there: begin(there, job, build))


def finish_job(
    store: ObjectStore,
    job: str,
    build: str,
    result: str,
    waits: tuple[tuple[str, str], ...] = (),
    handed: tuple[tuple[str, str], ...] = (),
) -> bool:
    """What a build does last. False: somebody has asked in the meantime, and it has to look again.

    Args:
        result: how it went, in words.
        waits: (environment, digest) that have to be approved before it goes on.
        handed: (cell, commit) that have builds of their own.
    """
    place = place_of_id(job)
    found = _step(store, place, lambda there: finish(there, job, build, result, store.now(), waits, handed))
    return found is None or found.state == "done"


def waiting(store: ObjectStore) -> tuple[Waiting, ...]:
    """All that the last run stopped in front of, also where the next one is wanted or runs already: an approval that
    comes again, since no build could be started, is about the same as before. What cannot be read waits for nothing."""
    found = (_readable(store, item.key) for item in store.list(FOLDER))
    return tuple(one for wanted in found if wanted is not None for one in wanted.waiting)


def _readable(store: ObjectStore, place: str) -> Wanted | None:
    try:
        return wanted_at(store, place)
    except MultiEnvLambdaError as error:
        logging.getLogger(__name__).warning("%s: %s", error.where, error.what)
        return None


def _start(store: ObjectStore, builds: Builds, wanted: Wanted) -> bool:
    job, place = wanted.id, place_of(wanted.key)
    try:
        build = builds.start(job, merged=not isinstance(subject_of(wanted.key), PullRequest))
    except MultiEnvLambdaError:
        # If it was started all the same, it finds that its job is over: the next claim has another id.
        _step(store, place, lambda there: release(there, job, store.now()))
        raise
    if build is None:
        _step(store, place, lambda there: release(there, job, store.now()))
        return False
    _step(store, place, lambda there: started(there, job, build))
    return True


def _step(store: ObjectStore, place: str, step: Callable[[Wanted], Wanted | None]) -> Wanted | None:
    """One step of what is stored by then; None where there is nothing, or the step is no longer one."""
    for _ in range(_MOST_TRIES):
        stored = store.get(place)
        after = None if stored is None else step(Wanted.from_bytes(stored.body, where=place))
        if stored is None or after is None or _write(store, stored, after):
            return after
    raise Busy(
        place, f"somebody else changed it during each of {_MOST_TRIES} attempts", hint="run the same command again"
    )


def _write(store: ObjectStore, stored: Stored, wanted: Wanted) -> bool:
    return leave(store, stored, stored.key, wanted.to_bytes())
