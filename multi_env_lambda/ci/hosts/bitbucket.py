"""Webhooks of Bitbucket Cloud.

Source: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/. One push has a list of changes, in which
``new`` is null where a ref went and ``old`` where it was made; a fork may be gone; pull requests have short commit ids.
"""

from __future__ import annotations

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Happened, NotForUs, PullRequestChanged
from multi_env_lambda.ci.hosts.refs import ref_moved
from multi_env_lambda.ci.names import commit_id, is_ref_name, quoted

__all__ = ["read_bitbucket"]

_FOLDERS = {"branch": "refs/heads/", "tag": "refs/tags/"}
_MOST_CHANGES = 100


def read_bitbucket(name: str, payload: Given) -> tuple[Happened, ...]:
    """Read a webhook; ``name`` is the header ``X-Event-Key``."""
    match name:
        case "repo:push":
            changes = payload.items("push", "changes")[:_MOST_CHANGES]
            found = tuple(_change(change, payload) for change in changes)
            return found or (NotForUs(reason="a push without changes"),)
        case "pullrequest:created":
            return (_pull_request("opened", payload),)
        case "pullrequest:updated":
            return (_pull_request("updated", payload),)
        case "pullrequest:fulfilled":
            return (_pull_request("merged", payload),)
        case "pullrequest:rejected":
            return (_pull_request("closed", payload),)
        case _:
            return (NotForUs(reason=f"an event {quoted(name)} of Bitbucket"),)


def _change(change: Given, payload: Given) -> Happened:
    new, old = change.at("new"), change.at("old")
    there = new if new.text("name") else old
    folder, name = _FOLDERS.get(there.text("type"), ""), there.text("name")
    return ref_moved(
        "bitbucket",
        payload.text("repository", "full_name"),
        folder + name if folder and name else "",
        commit=new.text("target", "hash"),
        before=old.text("target", "hash"),
        gone=there is old,
        who=payload.text("actor", "nickname"),
    )


def _pull_request(what: str, payload: Given) -> Happened:
    request = payload.at("pullrequest")
    number, repository = request.number("id"), payload.text("repository", "full_name")
    branch, into = request.text("source", "branch", "name"), request.text("destination", "branch", "name")
    if not (number and repository and is_ref_name(branch) and is_ref_name(into)):
        return NotForUs(reason="an event without a pull request")
    return PullRequestChanged(
        host="bitbucket",
        repository=repository,
        what=what,  # type: ignore[arg-type]
        number=number,
        branch=branch,
        into=into,
        commit=commit_id(request.text("source", "commit", "hash")),
        stranger=not request.same(("source", "repository", "uuid"), ("destination", "repository", "uuid")),
        who=payload.text("actor", "nickname"),
    )
