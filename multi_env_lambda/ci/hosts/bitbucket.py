"""Webhooks of Bitbucket Cloud.

Source: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/. One push has a list of changes, in which
``new`` is null where a ref went and ``old`` where it was made; a fork may be gone; pull requests have short commit ids.
"""

from __future__ import annotations

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Happened, NotForUs
from multi_env_lambda.ci.hosts.refs import FOLDERS, What, pull_request_changed, ref_moved
from multi_env_lambda.ci.names import quoted

__all__ = ["read_bitbucket"]

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
    folder, name = FOLDERS.get(there.text("type"), ""), there.text("name")
    return ref_moved(
        "bitbucket",
        payload.text("repository", "full_name"),
        folder + name if folder and name else "",
        commit=new.text("target", "hash"),
        before=old.text("target", "hash"),
        gone=there is old,
        who=payload.text("actor", "nickname"),
    )


def _pull_request(what: What, payload: Given) -> Happened:
    request = payload.at("pullrequest")
    return pull_request_changed(
        "bitbucket",
        payload.text("repository", "full_name"),
        what,
        number=request.number("id"),
        branch=request.text("source", "branch", "name"),
        into=request.text("destination", "branch", "name"),
        commit=request.text("source", "commit", "hash"),
        stranger=not request.same(("source", "repository", "uuid"), ("destination", "repository", "uuid")),
        who=payload.text("actor", "nickname"),
        missing="an event without a pull request",
    )
