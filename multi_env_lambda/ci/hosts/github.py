"""Webhooks of GitHub, and what its Actions write into the file of an event.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads. Forty zeros stand for "nothing",
``head_commit`` may be null, a deleted branch is reported twice (``push`` and ``delete``), a fork may no longer exist,
and a push of more than three tags is not reported at all. A run of Actions gets the same JSON, and ``schedule``.
"""

from __future__ import annotations

from multi_env_lambda.ci.asked import NAMES, asked
from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import CommitAgreed, Happened, NotForUs, ScheduleLooked
from multi_env_lambda.ci.hosts.refs import FOLDERS, What, is_nothing, pull_request_changed, ref_moved
from multi_env_lambda.ci.names import commit_id, quoted
from multi_env_lambda.model.github import WORKFLOW

__all__ = ["read_github"]


def read_github(name: str, payload: Given) -> tuple[Happened, ...]:
    """Read a webhook; ``name`` is the header ``X-GitHub-Event``."""
    match name:
        case "push":
            return (_push(payload),)
        case "delete":
            return (_delete(payload),)
        case "pull_request":
            return (_pull_request(payload),)
        case "pull_request_review":
            return (_review(payload),)
        case "workflow_dispatch":
            return (_dispatched(payload),)
        case "schedule":
            return (ScheduleLooked(),)
        case "ping":
            return (NotForUs(reason="a ping: the webhook is there"),)
        case _:
            return (NotForUs(reason=f"an event {quoted(name)} of GitHub"),)


def _push(payload: Given) -> Happened:
    after = payload.text("after")
    return ref_moved(
        "github",
        payload.text("repository", "full_name"),
        payload.text("ref"),
        commit=after,
        before=payload.text("before"),
        gone=payload.flag("deleted") or is_nothing(after),
        who=payload.text("sender", "login"),
    )


def _delete(payload: Given) -> Happened:
    """The name stands alone here, so it may itself begin with ``refs/heads/``."""
    folder = FOLDERS.get(payload.text("ref_type"), "")
    name = payload.text("ref")
    return ref_moved(
        "github",
        payload.text("repository", "full_name"),
        folder + name if folder and name else "",
        commit="",
        gone=True,
        who=payload.text("sender", "login"),
    )


def _pull_request(payload: Given) -> Happened:
    action = payload.text("action")
    what = _what(action, payload)
    if what is None:
        return NotForUs(reason=f"{quoted(action)} changes neither a pull request's commits nor whether it is open")
    request = payload.at("pull_request")
    return pull_request_changed(
        "github",
        payload.text("repository", "full_name"),
        what,
        number=payload.number("number"),
        branch=request.text("head", "ref"),
        into=request.text("base", "ref"),
        commit=request.text("head", "sha"),
        stranger=not request.same(("head", "repo", "id"), ("base", "repo", "id")),
        who=payload.text("sender", "login"),
        missing=f"{quoted(action)} without a pull request",
    )


def _what(action: str, payload: Given) -> What | None:
    match action:
        case "opened" | "reopened":
            return "opened"
        case "synchronize":
            return "updated"
        case "edited" if payload.text("changes", "base", "ref", "from"):
            return "updated"
        case "closed":
            return "merged" if payload.flag("pull_request", "merged") else "closed"
        case _:
            return None


def _review(payload: Given) -> Happened:
    """An approving review is about one commit, and stays about it when others follow."""
    number, commit = payload.number("pull_request", "number"), commit_id(payload.text("review", "commit_id"))
    who, repository = payload.text("review", "user", "login"), payload.text("repository", "full_name")
    approves = payload.text("action") == "submitted" and payload.text("review", "state").lower() == "approved"
    if not (approves and number and commit and who and repository):
        return NotForUs(reason="a review that approves no commit")
    return CommitAgreed(host="github", repository=repository, number=number, commit=commit, who=who)


def _dispatched(payload: Given) -> Happened:
    """Somebody has started our workflow, with one of its inputs or none; those that are left out may be empty texts."""
    if payload.text("workflow") != WORKFLOW:
        return NotForUs(reason=f"another workflow than {WORKFLOW} was started")
    named = {name: payload.text("inputs", name) for name in NAMES}
    found = {name: text for name, text in named.items() if text}
    return asked(Given(found), who=payload.text("sender", "login")) if found else ScheduleLooked()
