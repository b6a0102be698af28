"""What all hosts say alike: that a ref moved or went, and what became of a pull request."""

from __future__ import annotations

from typing import Final, Literal

from multi_env_lambda.ci.happened import (
    BranchGone,
    BranchMoved,
    Happened,
    Host,
    NotForUs,
    PullRequestChanged,
    TagMade,
)
from multi_env_lambda.ci.names import commit_id, is_ref_name, quoted

__all__ = ["FOLDERS", "What", "is_nothing", "pull_request_changed", "ref_moved"]

What = Literal["opened", "updated", "closed", "merged"]
"""What became of a pull request."""

FOLDERS: Final = {"branch": "refs/heads/", "tag": "refs/tags/"}
"""Where Git keeps what hosts call a branch and a tag."""


def ref_moved(
    host: Host, repository: str, ref: str, *, commit: str, before: str = "", gone: bool = False, who: str = ""
) -> Happened:
    """A full ref, as in ``refs/heads/main``, that was made, moved or deleted."""
    if not repository:
        return NotForUs(reason="an event without a repository")
    kind, name = _split(ref)
    if not is_ref_name(name):
        return NotForUs(reason=f"{quoted(ref)} is no branch or tag")
    if kind == "tag":
        if gone:
            return NotForUs(reason=f"the tag {quoted(name)} is gone, which takes nothing back")
        return TagMade(host=host, repository=repository, tag=name, commit=commit_id(commit), who=who)
    if gone:
        return BranchGone(host=host, repository=repository, branch=name, who=who)
    return BranchMoved(
        host=host, repository=repository, branch=name, commit=commit_id(commit), before=commit_id(before), who=who
    )


def _split(ref: str) -> tuple[str, str]:
    for kind, prefix in FOLDERS.items():
        if ref.startswith(prefix):
            return kind, ref.removeprefix(prefix)
    return "", ""


def is_nothing(commit: str) -> bool:
    """Whether a host says by it that there is no commit: zeros, as many as a commit has digits."""
    return commit != "" and not commit.strip("0")


def pull_request_changed(
    host: Host,
    repository: str,
    what: What,
    *,
    number: int,
    branch: str,
    into: str,
    commit: str,
    stranger: bool,
    who: str,
    missing: str,
) -> Happened:
    """What became of one; ``missing`` is why it is nothing for us where the event does not say which one."""
    if not (number and repository and is_ref_name(branch) and is_ref_name(into)):
        return NotForUs(reason=missing)
    return PullRequestChanged(
        host=host,
        repository=repository,
        what=what,
        number=number,
        branch=branch,
        into=into,
        commit=commit_id(commit),
        stranger=stranger,
        who=who,
    )
