"""Follow a merged pull request until it runs everywhere, as far as the records tell it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile

import attrs

from multi_env_lambda.aws.pull_requests import CodeCommit
from multi_env_lambda.ci.comment import Comment, Row
from multi_env_lambda.ci.subject import PullRequest
from multi_env_lambda.ci.telling import Followed, Told
from multi_env_lambda.ci.wanted import Wanted, place_of
from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.host.gitlab_api import AtGitLab
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.ci_kept import read_result
from multi_env_lambda.runs.hands import Hands, Repository
from multi_env_lambda.runs.look import Seen
from multi_env_lambda.runs.report import Report

__all__ = ["follow"]

_MOST_NEW, _MOST_AT_FIRST, _MOST_FOLLOWED = 20, 5, 50


Follows = CodeCommit | GitHub | AtGitLab | AtBitbucket


def follow(hands: Hands, host: Follows, seen: Seen, told: Told, done: Report) -> tuple[Told, tuple[Comment, ...]]:
    """Who is on the way from then on, and what the comments of those who were say now.

    Raises:
        ToolError: the host does not answer; the next run looks for the same ones.
    """
    new = host.merged(_new(hands.repository, seen.line.head, told.head), seen.line.branch)
    followed = {one.number: one for one in told.followed}
    for number, commit in new.items():
        units = _units(seen.protected.store, number) or _changed(done)
        if units:
            followed[number] = Followed(number=number, commit=commit, units=units)
    comments, left = [], []
    for one in sorted(followed.values(), key=lambda one: one.number)[-_MOST_FOLLOWED:]:
        rows, arrived = _rows(hands.repository, seen, one, done)
        comments.append(_comment(one, rows, arrived, done))
        left += [] if arrived else [one]
    return attrs.evolve(told, head=seen.line.head, followed=tuple(left)), tuple(comments)


def _new(repository: Repository, head: str, before: str) -> tuple[str, ...]:
    commits = (commit for commit, _ in repository.log(head))
    return tuple(islice(takewhile(lambda one: one != before, commits), _MOST_NEW if before else _MOST_AT_FIRST))


def _units(store: ObjectStore, number: int) -> tuple[str, ...]:
    """What its plan would have changed, as the run that made it has left it."""
    place = place_of(PullRequest(number=number).key)
    there = store.get(place)
    if there is None:
        return ()
    wanted = Wanted.from_bytes(there.body, where=place)
    result = read_result(store, wanted.id, wanted.build) or {}
    units = result.get("units", [])
    return tuple(str(one) for one in units) if isinstance(units, list) else ()


def _changed(done: Report) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.project for one in done.results if one.outcome == "deployed"))


def _rows(repository: Repository, seen: Seen, one: Followed, done: Report) -> tuple[tuple[Row, ...], bool]:
    rows = list(_each(repository, seen, one, done))
    return tuple(row for row, _ in rows), all(arrived for _, arrived in rows)


def _each(repository: Repository, seen: Seen, one: Followed, done: Report) -> Iterator[tuple[Row, bool]]:
    """Unit by unit, through the environments; whether it runs there."""
    bad = dict(_failed(done))
    waits = {wait.environment for wait in done.waits}
    places = [place.name for place in seen.protected.config.environments]
    records = {place: seen.protected.ledger.records(place) for place in places}
    for unit in one.units:
        for place in places:
            record = records[place].get(unit)
            running = None if record is None else record.running
            if running is not None and _has(repository, running.commit, one.commit):
                why = f"since {running.when}, by {running.commit[:12]}"
                yield Row(unit=unit, environment=place, what=f"runs {running.version}", why=why), True
            else:
                what, why = _not_yet(record, bad.get((unit, place)), waits=place in waits)
                yield Row(unit=unit, environment=place, what=what, why=why), False


def _failed(done: Report) -> Iterator[tuple[tuple[str, str], str]]:
    """(unit, environment) and what went wrong there; failures of tests are no results, and begin with the two."""
    for failure in done.failures:
        where, _, what = failure.partition(": ")
        place, _, unit = where.partition(" ")
        yield (unit, place), what
    yield from (((one.project, one.environment), one.detail) for one in done.results if not one.good)


def _has(repository: Repository, running: str, commit: str) -> bool:
    return running == commit or (bool(running) and repository.kin(running, commit) == "newer")


def _not_yet(record: Record | None, bad: str | None, *, waits: bool) -> tuple[str, str]:
    if bad is not None:
        return "failed", bad
    if record is not None and record.hold is not None:
        return "held", f"{record.hold.who}: {record.hold.reason}"
    return ("waits for a yes", "") if waits else ("not yet", "")


def _comment(one: Followed, rows: tuple[Row, ...], arrived: bool, done: Report) -> Comment:
    failed = any(row.what == "failed" for row in rows)
    waits = tuple((wait.environment, str(wait.command)) for wait in done.waits)
    title = "failed on its way" if failed else "waits for a yes" if waits else "on its way"
    return Comment(
        number=one.number,
        commit=one.commit,
        title=f"Merged: {'runs everywhere' if arrived else title}",
        rows=rows,
        digest="" if arrived or not done.waits else done.waits[0].digest,
        agrees=() if arrived else waits,
    )
