"""Messages of the queue, one after the other: what each says happened, and what follows from it.

A message that says nothing to us is through. One whose build is not there yet, or that somebody else's service kept
from being stored, comes again; where that does not help, the queue puts it aside and an alarm says so.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import assert_never

import attrs

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
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.ci.protected import Protected
from multi_env_lambda.ci.read import LARGEST, read_event
from multi_env_lambda.ci.state import State
from multi_env_lambda.ci.subject import PullRequest
from multi_env_lambda.ci.wanted import Wanted, place_of
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.webhook import SOURCES
from multi_env_lambda.operations.ci_file import decide_with
from multi_env_lambda.operations.ci_protected import left_protected
from multi_env_lambda.operations.dispatch import Builds, Decide, dispatch, waiting, wanted_at

__all__ = ["Desk", "answer_records", "read_body", "ready_to_decide", "take"]

_FIRST = "the first environment"
"""Stands for the environments until a build has left their names: the build decides again, by the table."""

_ADDRESS = re.compile(r"[a-z0-9+.-]+://([^/@]*@)?(?P<host>[^/:]*)[^/]*/|[^/@]+@(?P<of_ssh>[^/:]+):", re.IGNORECASE)
_KIND = re.compile(r"[\w .:/-]{1,128}")


@attrs.frozen(kw_only=True)
class Desk:
    """What a dispatcher has.

    Args:
        bucket: its name; ``repository``: name or address of the one that all is about; empty: any.
        rules: the settings that count until a build has left those of the protected branch; None: they are unknown.
    """

    store: ObjectStore
    builds: Builds
    bucket: str = ""
    repository: str = ""
    rules: CiRules | None = None


def answer_records(desk: Desk, event: object) -> dict[str, list[dict[str, str]]]:
    """Take each message of a batch; the answer names those that have to come again.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (partial batch responses)
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    again: list[dict[str, str]] = []
    for record in records if isinstance(records, Sequence) and not isinstance(records, str) else ():
        name = str(record.get("messageId", "")) if isinstance(record, Mapping) else ""
        body = record.get("body") if isinstance(record, Mapping) else None
        try:
            take(desk, body if isinstance(body, str) else "", message=name)
        except Exception as raised:
            error = as_ours("the dispatcher", raised)
            logging.getLogger(__name__).warning("%s: comes again: %s: %s", _id(name), error.where, error.what)
            again.append({"itemIdentifier": name})
    return {"batchItemFailures": again}


def take(desk: Desk, body: str, *, message: str = "") -> tuple[str, ...]:
    """Do what follows from one message; why that is it, in a sentence for each thing that happened.

    Args:
        message: the queue's name for it, which counts where the event has none of its own.

    Raises:
        Busy: a build is not there yet, and the message has to come again.
        MultiEnvLambdaError: what is wanted could not be stored, or no build be started.
    """
    name, found = read_body(body, message)
    said: list[str] = []
    busy: MultiEnvLambdaError | None = None
    for happened in found:
        try:
            said.append(_follow(desk, happened, name))
        except MultiEnvLambdaError as error:
            # Of several things that one message says, none keeps the others waiting.
            busy = error
    if busy is not None:
        raise busy
    return tuple(said)


def read_body(body: str, message: str = "") -> tuple[str, tuple[Happened, ...]]:
    """The name of an event and what it says happened; the rule's transformer writes it as
    ``{"id": …, "source": …, "kind": …, "detail": {…}}``, and whatever else arrives is not for us."""
    if len(body) > LARGEST:
        return message, (NotForUs(reason=f"a message of {len(body)} signs, {LARGEST} are the most that an event has"),)
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        return message, (NotForUs(reason=f"a message that is no JSON: {type(error).__name__}"),)
    if not isinstance(given, Mapping):
        return message, (NotForUs(reason="a message that is no event"),)
    name = given.get("id")
    kind = given.get("kind", given.get("detail-type"))
    event = {"source": given.get("source"), "detail-type": kind, "detail": given.get("detail")}
    return name if isinstance(name, str) and 0 < len(name) <= 256 else message, read_event(event)


def _follow(desk: Desk, happened: Happened, message: str) -> str:
    log = logging.getLogger(__name__)
    if isinstance(happened, NotForUs):
        log.info("%s: not for us: %s", _id(message), happened.reason)
        return happened.reason
    state, decided = ready_to_decide(desk, happened)
    decision = dispatch(desk.store, desk.builds, happened, state, decided, message=message)
    subjects = ", ".join(quoted(job.subject.key) for job in decision.jobs) or "nothing"
    log.info("%s: %s: %s", _id(message), subjects, decision.why)
    for note in decision.notes:
        log.info("%s: %s", _id(message), note)
    return decision.why


def ready_to_decide(desk: Desk, happened: Happened) -> tuple[State, Decide]:
    """What is known without a look at the repository, and what decides: the ``ci.py`` that the last build has left."""
    left = _left(desk.store)
    return _state(desk, happened, left), partial(decide_with, None if left is None else left.text)


def _left(store: ObjectStore) -> Protected | None:
    """What cannot be read counts as what was never written: the next build rewrites it."""
    try:
        return left_protected(store)
    except MultiEnvLambdaError as error:
        logging.getLogger(__name__).warning("%s: %s", error.where, error.what)
        return None


def _state(desk: Desk, happened: Happened, left: Protected | None) -> State:
    wanted = _wanted(desk.store, happened)
    return State(
        rules=_rules(desk, happened) if left is None else left.rules,
        environments=_environments(happened) if left is None else left.environments,
        now=desk.store.now(),
        repository=_named_like(desk.repository, happened),
        bucket=desk.bucket,
        stranger=None if wanted is None else wanted.stranger,
        agreed=() if wanted is None else wanted.agreed,
        waiting=waiting(desk.store) if isinstance(happened, ApprovalGiven | ScheduleLooked) else (),
    )


def _rules(desk: Desk, happened: Happened) -> CiRules:
    """Before the first build: any branch may be the protected one, or have an environment, so a build looks at it."""
    if desk.rules is not None:
        return desk.rules
    return CiRules(branch=happened.branch) if isinstance(happened, BranchMoved) else CiRules()


def _environments(happened: Happened) -> tuple[str, ...]:
    return (happened.environment,) if isinstance(happened, ApprovalGiven) else (_FIRST,)


def _wanted(store: ObjectStore, happened: Happened) -> Wanted | None:
    """What is known of a pull request already: whose it is, and to which commits of it somebody has agreed."""
    match happened:
        case PullRequestChanged(number=number) | Asked(subject=PullRequest(number=number)):
            return wanted_at(store, place_of(PullRequest(number=number).key))
        case BranchMoved() | BranchGone() | TagMade() | CommitAgreed() | Asked() | ScheduleLooked():
            return None
        case ApprovalGiven() | BuildEnded() | NotForUs():
            return None
        case _:
            assert_never(happened)


def _named_like(repository: str, happened: Happened) -> str:
    """What the event calls our repository, if it is about ours; else the name that it is not about."""
    names = tuple(_names(repository))
    match happened:
        case BranchMoved() | BranchGone() | TagMade() | PullRequestChanged() | CommitAgreed():
            found = happened.repository
            # Hosts with owners take a name in any case, and say it as the repository was made; CodeCommit does not.
            ours = {name.casefold() for name in names if "/" in name}
            return found if found in names or found.casefold() in ours else next(iter(names), "")
        case Asked() | ScheduleLooked() | ApprovalGiven() | BuildEnded() | NotForUs():
            return ""
        case _:
            assert_never(happened)


def _names(repository: str) -> Iterator[str]:
    """Names by which a host may call it: hosts with owners say ``owner/name``, CodeCommit says ``name``.

    >>> list(_names("https://github.com/acme/units.git"))
    ['acme/units']
    >>> list(_names("units"))
    ['units']
    """
    text = repository.strip().removesuffix(".git")
    found = _ADDRESS.match(text)
    host = (found["host"] or found["of_ssh"] or "").lower() if found is not None else ""
    parts = [part for part in text[found.end() if found is not None else 0 :].split("/") if part]
    # Only a server of one's own has something in front of the name: a folder, or the API of CodeCommit.
    is_name = host in SOURCES.values() or "://" not in text
    for start in range(min(1 if is_name else len(parts), len(parts))):
        yield "/".join(parts[start:])


def _id(message: str) -> str:
    return message if _KIND.fullmatch(message) else quoted(message)
