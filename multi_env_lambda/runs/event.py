"""A run that hears of an event itself, as at GitHub Actions: it stores what is wanted, and does what nobody else does.

The steps are those of the dispatcher; only that "start a build" is "do it here". So an event that comes twice, a run
beside this one and one that was killed are what they are there: of one subject there is one run at a time, and it looks
again if somebody has asked meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs

from multi_env_lambda.ci.happened import (
    Asked,
    CommitAgreed,
    Happened,
    Host,
    NotForUs,
    PullRequestChanged,
    ScheduleLooked,
    TagMade,
)
from multi_env_lambda.ci.hosts.refs import ref_moved
from multi_env_lambda.ci.names import is_ref_name
from multi_env_lambda.ci.read import LARGEST, read_webhook
from multi_env_lambda.ci.subject import Branch, PullRequest, subject_of
from multi_env_lambda.ci.wanted import FOLDER, place_of
from multi_env_lambda.errors import Busy, ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host import bitbucket, gitlab
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.dispatch import tend, want_all, wanted_at
from multi_env_lambda.operations.messages import Desk, ready_to_decide
from multi_env_lambda.runs.report import Report

__all__ = [
    "Asks",
    "Here",
    "event_file",
    "follow_cell",
    "follow_event",
    "follow_left",
    "happened_at_bitbucket",
    "happened_at_github",
    "happened_at_gitlab",
]

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_MOST_WAITS, _PAUSE = 12, 15.0
"""For another run that has just taken up the same and may be dead; after that, the next run sees."""


class Asks(Protocol):
    """What GitHub is asked (``host/github_api.py``); a test has one in memory."""

    def request(self, number: int) -> Any: ...

    def reviews(self, number: int) -> list[Any]: ...

    def is_over(self, build: str) -> bool: ...


@attrs.define
class Here:
    """Builds that run in this very process, one after the other. ``jobs`` are those that are still to run.

    ``turn`` tells apart what several jobs of one run of the workflow want: the build is the same for all of them.
    ``cell_of`` says of which cell a job is, where cells are worked on in jobs beside this one: any but ``mine`` is left
    to them, and is in ``left``.
    """

    build: str
    others: Callable[[str], bool]
    turn: str = ""
    cell_of: Callable[[str], str] = lambda job: ""
    mine: str = ""
    left: list[str] = attrs.field(factory=list)
    jobs: list[str] = attrs.field(factory=list)

    def start(self, job: str, *, merged: bool) -> str | None:
        cell = self.cell_of(job)
        if cell and cell != self.mine:
            self.left += [] if cell in self.left else [cell]
            return None
        self.jobs.append(job)
        return self.build

    def is_over(self, build: str) -> bool:
        return build != self.build and self.others(build)


def event_file(path: Path) -> bytes:
    """The event that GitHub wrote for this run.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        hint = 'GitHub names it in each job: `--event "$GITHUB_EVENT_PATH"`'
        raise ConfigurationError("ci run", f"the event cannot be read: {error.strerror}", hint=hint) from error


def happened_at_github(name: str, body: bytes, asks: Asks) -> tuple[Happened, ...]:
    """What a run was started for. Of a pull request that was asked for by its number, GitHub is asked the rest.

    Raises:
        ToolError: GitHub does not say.
    """
    found = read_webhook("github", name, body)
    return tuple(more for one in found for more in _more(one, asks))


def happened_at_gitlab(variables: Mapping[str, str]) -> Happened:
    """What a job at GitLab was started for, by its variables: a push, a merge request, or time to look at everything.

    Source: https://docs.gitlab.com/ci/variables/predefined_variables/
    """
    if gitlab.is_request(variables):
        return _requested(
            "gitlab",
            variables.get("CI_PROJECT_PATH", ""),
            number=variables.get("CI_MERGE_REQUEST_IID", ""),
            branch=variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", ""),
            into=variables.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
            stranger=variables.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH") != variables.get("CI_PROJECT_PATH"),
            who=variables.get("GITLAB_USER_LOGIN", ""),
        )
    if variables.get("CI_PIPELINE_SOURCE") != "push":
        return ScheduleLooked()
    return ref_moved(
        "gitlab",
        variables.get("CI_PROJECT_PATH", ""),
        f"refs/heads/{variables.get('CI_COMMIT_BRANCH', '')}",
        commit=variables.get("CI_COMMIT_SHA", ""),
        before=variables.get("CI_COMMIT_BEFORE_SHA", ""),
        who=variables.get("GITLAB_USER_LOGIN", ""),
    )


def happened_at_bitbucket(variables: Mapping[str, str]) -> Happened:
    """What a step at Bitbucket was started for: a push or a pull request, as the written file says, or time to look at
    everything. Bitbucket starts none for a pull request from a fork.

    Source: https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/ and
    https://support.atlassian.com/bitbucket-cloud/docs/pipeline-start-conditions/
    """
    if bitbucket.is_request(variables):
        return _requested(
            "bitbucket",
            variables.get("BITBUCKET_REPO_FULL_NAME", ""),
            number=variables.get("BITBUCKET_PR_ID", ""),
            branch=variables.get("BITBUCKET_BRANCH", ""),
            into=variables.get("BITBUCKET_PR_DESTINATION_BRANCH", ""),
            stranger=False,
            who="",
        )
    if variables.get("MULTI_ENV_LAMBDA_EVENT") != "push":
        return ScheduleLooked()
    return ref_moved(
        "bitbucket",
        variables.get("BITBUCKET_REPO_FULL_NAME", ""),
        f"refs/heads/{variables.get('BITBUCKET_BRANCH', '')}",
        commit=variables.get("BITBUCKET_COMMIT", ""),
        before="",
        who="",
    )


def _requested(
    host: Host, repository: str, *, number: str, branch: str, into: str, stranger: bool, who: str
) -> Happened:
    if not _NUMBER.fullmatch(number) or not is_ref_name(branch) or not is_ref_name(into):
        return NotForUs(reason="a job for a pull request that does not say which one")
    return PullRequestChanged(
        host=host,
        repository=repository,
        what="updated",
        number=int(number),
        branch=branch,
        into=into,
        stranger=stranger,
        who=who,
    )


def _more(happened: Happened, asks: Asks) -> Iterable[Happened]:
    if not (isinstance(happened, Asked) and isinstance(happened.subject, PullRequest)):
        return (happened,)
    number = happened.subject.number
    request = asks.request(number)
    if not isinstance(request, Mapping):
        return (NotForUs(reason=f"GitHub knows no pull request {number}"),)
    action = "synchronize" if request.get("state") == "open" else "closed"
    base = request.get("base")
    repository = base.get("repo") if isinstance(base, Mapping) else None
    about = {"number": number, "repository": repository, "pull_request": request}
    changed = _read("pull_request", {**about, "action": action, "sender": request.get("user")})
    if not any(isinstance(one, PullRequestChanged) and one.stranger and one.what == "updated" for one in changed):
        return changed
    reviews = [
        _read("pull_request_review", {**about, "action": "submitted", "review": one}) for one in asks.reviews(number)
    ]
    return (*changed, *(one for said in reviews for one in said if isinstance(one, CommitAgreed)))


def _read(name: str, payload: Mapping[str, Any]) -> tuple[Happened, ...]:
    return read_webhook("github", name, json.dumps(payload))


@attrs.frozen(kw_only=True)
class _Turn:
    """What one run has to do with: the desk of a dispatcher, and builds that are here."""

    desk: Desk
    here: Here
    run: Callable[[str], Report]
    say: Callable[[str], None]
    sleep: Callable[[float], None]


def follow_event(
    desk: Desk,
    here: Here,
    found: Iterable[Happened],
    *,
    run: Callable[[str], Report],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Report:
    """Store what follows from it, and do what is to be done and nobody does.

    Args:
        run: does one job, by its id.

    Raises:
        MultiEnvLambdaError: what is wanted could not be stored.
    """
    turn = _Turn(desk=desk, here=here, run=run, say=say, sleep=sleep)
    done = Report()
    for number, happened in enumerate(found):
        done += _follow(turn, happened, f"{here.build}{here.turn}#{number}")
    return done


def _follow(turn: _Turn, happened: Happened, message: str) -> Report:
    if isinstance(happened, NotForUs):
        turn.say(happened.reason)
        return Report(notes=(happened.reason,))
    state, decided = ready_to_decide(turn.desk, happened)
    decision = decided(happened, state)
    for line in (decision.why, *decision.notes):
        turn.say(line)
    places = want_all(turn.desk.store, happened, decision, message=message)
    if isinstance(happened, TagMade):  # its run wants another look at the branch
        places.append(place_of(Branch(name=state.rules.branch).key))
    return Report(notes=(decision.why,)) + _served(turn, places, happened)


def _served(turn: _Turn, places: list[str], happened: Happened) -> Report:
    """Do what is to be done in these places, and what follows from that."""
    done = Report()
    while True:
        if isinstance(happened, ScheduleLooked):
            places += [one.key for one in turn.desk.store.list(FOLDER)]
        _take_up(turn, [place for place in dict.fromkeys(places) if _is_ours(turn.desk.store, place, happened)])
        if not turn.here.jobs:
            return done
        while turn.here.jobs:
            done += _done(turn, turn.here.jobs.pop(0))


def follow_cell(
    desk: Desk,
    here: Here,
    *,
    run: Callable[[str], Report],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Report:
    """Do what a run has left to the cell of this job; after the last one, another job goes on.

    Raises:
        Busy: another job has claimed it and has not said for a while which one it is.
    """
    turn = _Turn(desk=desk, here=here, run=run, say=say, sleep=sleep)
    _take_up(turn, [place_of(here.mine)], alone=True)
    done = Report() if here.jobs else Report(notes=("nothing is left to do in this cell",)).told(say)
    while here.jobs:
        done += _done(turn, here.jobs.pop(0))
    return done


def follow_left(
    desk: Desk,
    here: Here,
    *,
    run: Callable[[str], Report],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Report:
    """Go on after cells: with the branch or tag that all of its cells are done for. Nothing new is wanted.

    Raises:
        MultiEnvLambdaError: what is wanted cannot be read.
    """
    return _served(_Turn(desk=desk, here=here, run=run, say=say, sleep=sleep), [], ScheduleLooked())


def _is_ours(store: ObjectStore, place: str, happened: Happened) -> bool:
    """What is not merged is planned by a role that may only read, so no run takes up both."""
    wanted = wanted_at(store, place)
    if wanted is None:
        return False
    of_a_request = isinstance(subject_of(wanted.key), PullRequest)
    return of_a_request == isinstance(happened, PullRequestChanged | CommitAgreed)


def _take_up(turn: _Turn, places: Iterable[str], *, alone: bool = False) -> None:
    """Claim what is wanted, in the name of this run; of a cell ``alone``, nothing for the run that handed it on.

    Raises:
        Busy: another run has claimed it and has not said for a while which one it is.
    """
    left = list(places)
    for _ in range(_MOST_WAITS):
        left = [place for place in left if not tend(turn.desk.store, turn.here, place, alone=alone)]
        if not left or turn.here.jobs or turn.here.left:
            return
        turn.say("another run has just taken it up, so this one waits")
        turn.sleep(_PAUSE)
    raise Busy(left[0], "another run took it up and has not begun", hint="run the workflow again")


def _done(turn: _Turn, job: str) -> Report:
    """One job; that it could not be done keeps no other from its turn."""
    try:
        return turn.run(job)
    except MultiEnvLambdaError as error:
        text = f"{error.where}: {error.what}; {error.hint}"
        turn.say(f"failed: {text}")
        return Report(failures=(text,))
