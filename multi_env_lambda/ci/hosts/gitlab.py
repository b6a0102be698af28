"""Webhooks of GitLab.

Source: https://docs.gitlab.com/user/project/integrations/webhook_events/. Forty zeros stand for "nothing",
``checkout_sha`` is null where a ref went, and an update of a merge request has new commits only if it has ``oldrev``.
"""

from __future__ import annotations

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Happened, NotForUs
from multi_env_lambda.ci.hosts.refs import What, is_nothing, pull_request_changed, ref_moved
from multi_env_lambda.ci.names import quoted

__all__ = ["read_gitlab"]


def read_gitlab(name: str, payload: Given) -> tuple[Happened, ...]:
    """Read a webhook. Which kind it is, the body says; ``name``, the header ``X-Gitlab-Event``, only repeats it."""
    match payload.text("object_kind"):
        case "push" | "tag_push":
            return (_push(payload),)
        case "merge_request":
            return (_merge_request(payload),)
        case kind:
            return (NotForUs(reason=f"an event {quoted(kind or name)} of GitLab"),)


def _push(payload: Given) -> Happened:
    after = payload.text("after")
    return ref_moved(
        "gitlab",
        payload.text("project", "path_with_namespace"),
        payload.text("ref"),
        commit=payload.text("checkout_sha") or after,
        before=payload.text("before"),
        gone=is_nothing(after),
        who=payload.text("user_username"),
    )


def _merge_request(payload: Given) -> Happened:
    request = payload.at("object_attributes")
    what = _what(request)
    if what is None:
        action = quoted(request.text("action"))
        return NotForUs(reason=f"{action} changes neither a merge request's commits nor whether it is open")
    return pull_request_changed(
        "gitlab",
        payload.text("project", "path_with_namespace"),
        what,
        number=request.number("iid"),
        branch=request.text("source_branch"),
        into=request.text("target_branch"),
        commit=request.text("last_commit", "id"),
        stranger=not request.same(("source_project_id",), ("target_project_id",)),
        who=payload.text("user", "username"),
        missing="an event without a merge request",
    )


def _what(request: Given) -> What | None:
    match request.text("action"):
        case "open" | "reopen":
            return "opened"
        case "update" if request.text("oldrev"):
            return "updated"
        case "close":
            return "closed"
        case "merge":
            return "merged"
        case _:
            return None
