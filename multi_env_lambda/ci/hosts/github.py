"""Webhooks of GitHub.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads. Forty zeros stand for "nothing",
``head_commit`` may be null, a deleted branch is reported twice (``push`` and ``delete``), a fork may no longer exist,
and a push of more than three tags is not reported at all.
"""

from __future__ import annotations

from typing import Literal

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import CommitAgreed, Happened, NotForUs, PullRequestChanged
from multi_env_lambda.ci.hosts.refs import ref_moved
from multi_env_lambda.ci.names import commit_id, is_ref_name, quoted

__all__ = ["read_github"]

_FOLDERS = {"branch": "refs/heads/", "tag": "refs/tags/"}


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
        gone=payload.flag("deleted") or (after != "" and not after.strip("0")),
        who=payload.text("sender", "login"),
    )


def _delete(payload: Given) -> Happened:
    """The name stands alone here, so it may itself begin with ``refs/heads/``."""
    folder = _FOLDERS.get(payload.text("ref_type"), "")
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
    number, branch, into = payload.number("number"), request.text("head", "ref"), request.text("base", "ref")
    repository = payload.text("repository", "full_name")
    if not (number and repository and is_ref_name(branch) and is_ref_name(into)):
        return NotForUs(reason=f"{quoted(action)} without a pull request")
    return PullRequestChanged(
        host="github",
        repository=repository,
        what=what,
        number=number,
        branch=branch,
        into=into,
        commit=commit_id(request.text("head", "sha")),
        stranger=not request.same(("head", "repo", "id"), ("base", "repo", "id")),
        who=payload.text("sender", "login"),
    )


def _what(action: str, payload: Given) -> Literal["opened", "updated", "closed", "merged"] | None:
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
