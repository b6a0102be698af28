"""These classes say what happened at your Git host, in the same words for every host. `decide` gets one of them.

An event may come late, twice, or before the one that it follows. So the commit in it is a hint: what counts is where
the branch stands when the event is looked at.
"""

from __future__ import annotations

from typing import Literal

import attrs

from multi_env_lambda.ci.subject import Subject

__all__ = [
    "ApprovalGiven",
    "Asked",
    "BranchGone",
    "BranchMoved",
    "BuildEnded",
    "CommitAgreed",
    "Happened",
    "Host",
    "NotForUs",
    "PullRequestChanged",
    "ScheduleLooked",
    "TagMade",
]

Host = Literal["codecommit", "github", "gitlab", "bitbucket"]


@attrs.frozen(kw_only=True)
class BranchMoved:
    """A branch was created, or moved to another commit.

    Args:
        repository: as the host calls it, ``owner/name`` or ``name``.
        branch: without ``refs/heads/``.
        commit, before: as the event says; empty where it does not.
        who: the host's name for the person who did it; nothing proves it.
    """

    host: Host
    repository: str
    branch: str
    commit: str = ""
    before: str = ""
    who: str = ""


@attrs.frozen(kw_only=True)
class BranchGone:
    """A branch was deleted."""

    host: Host
    repository: str
    branch: str
    who: str = ""


@attrs.frozen(kw_only=True)
class TagMade:
    """A tag was made, or moved. ``tag`` is without ``refs/tags/``."""

    host: Host
    repository: str
    tag: str
    commit: str = ""
    who: str = ""


@attrs.frozen(kw_only=True)
class PullRequestChanged:
    """A pull request was opened (or opened again), has other commits, was closed, or was merged.

    Args:
        branch: where the change is; ``into``: where it should go.
        commit: the newest one of the change.
        stranger: it comes from another repository, so its author may not be allowed to push to this one.
    """

    host: Host
    repository: str
    what: Literal["opened", "updated", "closed", "merged"]
    number: int
    branch: str
    into: str
    commit: str = ""
    stranger: bool = True
    who: str = ""


@attrs.frozen(kw_only=True)
class CommitAgreed:
    """Somebody approved a pull request as it was at one commit. The decision says whether that counts."""

    host: Host
    repository: str
    number: int
    commit: str
    who: str


@attrs.frozen(kw_only=True)
class Asked:
    """A person, or another run, asked for a new look."""

    subject: Subject
    who: str = ""


@attrs.frozen(kw_only=True)
class ScheduleLooked:
    """It is time to look at everything, in case events were lost."""


@attrs.frozen(kw_only=True)
class ApprovalGiven:
    """An approval was written into the bucket. The environment's rules decide whether it counts.

    ``user_id`` is the end of its key, which a bucket policy can demand to be the writer's own.
    """

    bucket: str
    environment: str
    digest: str
    user_id: str


@attrs.frozen(kw_only=True)
class BuildEnded:
    """A build has ended. ``job`` is the id that it was started with; ``status`` as CodeBuild calls it."""

    project: str
    build: str
    job: str
    status: str


@attrs.frozen(kw_only=True)
class NotForUs:
    """An event that needs no action."""

    reason: str


Happened = (
    BranchMoved
    | BranchGone
    | TagMade
    | PullRequestChanged
    | CommitAgreed
    | Asked
    | ScheduleLooked
    | ApprovalGiven
    | BuildEnded
    | NotForUs
)
