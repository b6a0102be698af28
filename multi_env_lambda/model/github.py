"""What the workspace says about GitHub Actions: ``github`` in ``[tool.multi_env_lambda.ci]``.

A job of GitHub proves to AWS where it runs by a token. Its claims are known to GitHub alone, so the table says what a
role lets in; what is not in it, nobody can add.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import attrs

from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table, did_you_mean

__all__ = [
    "CELLS_LEFT",
    "ISSUER",
    "PLAN_ENVIRONMENT",
    "SENT",
    "STRANGERS_JOB",
    "TELLING",
    "WORKFLOW",
    "GitHub",
    "GitHubJobs",
    "GitHubSubject",
    "approving_job",
    "read_github_table",
]

ISSUER = "token.actions.githubusercontent.com"
"""Whose tokens they are; also how the provider is called in IAM, and its condition keys begin."""

WORKFLOW = ".github/workflows/multi-env-lambda.yml"
"""The file that `ci write github` writes."""

TELLING = ".github/workflows/multi-env-lambda-strangers.yml"
"""The file that it writes beside that for `strangers = "copy"`: no role lets a job of it in."""

STRANGERS_JOB = "stranger"
"""The job that plans a stranger's change; its log has the preview."""

PLAN_ENVIRONMENT = "multi-env-lambda-plan"
"""The environment at GitHub of the job that plans what is not merged: its tokens name it, and no other job's do."""


CELLS_LEFT = "cells_left"
"""The output of a job that leaves cells to others; no environment is called so."""


def approving_job(environment: str, digest: str) -> str:
    """What GitHub calls the job that a reviewer lets start: she sees what she agrees to, and GitHub's API repeats it.

    >>> approving_job("prod", "3ccdb7")
    'prod 3ccdb7'
    """
    return f"{environment} {digest}"


GitHubSubject = Literal["ids", "names"]
"""How a token names its repository.

``ids``: ``repo:acme@123456/units@456789:…``, of repositories made, renamed or transferred since the summer of 2026.
``names``: ``repo:acme/units:…``, of older ones that have not changed over.

Source: https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/ and
https://learn.microsoft.com/en-us/entra/workload-id/workload-identities-github-immutable-subjects for the ``@``
"""

GitHubJobs = Literal["run", "send"]
"""What the jobs of the workflow do: run what a build does, or send the event to the stack of the CI, which runs it."""

SENT = ("delete", "pull_request", "push", "workflow_dispatch")
"""The kinds of events that jobs send. Approving reviews are not among them: they agree to what strangers change."""


@attrs.frozen(kw_only=True)
class GitHub:
    """The repository whose jobs may act as the roles of a build.

    Args:
        repository: as ``owner/name``. owner_id, repository_id: their numbers at GitHub, which stay when names change.
        subject: how its tokens name it.
        provider: whether `bootstrap` makes GitHub's identity provider in the devops account, which can have one only.
        jobs: what the jobs of the workflow do.
        reviewed: the environments that also the required reviewers of GitHub's environment of the same name open.
    """

    repository: str
    owner_id: int = 0
    repository_id: int = 0
    subject: GitHubSubject = "ids"
    provider: bool = True
    jobs: GitHubJobs = "run"
    reviewed: tuple[str, ...] = ()

    @property
    def subject_prefix(self) -> str:
        """What the subject of each token of the repository begins with.

        >>> GitHub(repository="acme/units", owner_id=7, repository_id=8).subject_prefix
        'repo:acme@7/units@8:'
        >>> GitHub(repository="acme/units", subject="names").subject_prefix
        'repo:acme/units:'
        """
        owner, _, name = self.repository.partition("/")
        if self.subject == "names":
            return f"repo:{owner}/{name}:"
        return f"repo:{owner}@{self.owner_id}/{name}@{self.repository_id}:"


def read_github_table(table: Table, *, has_roles: bool, approving: Collection[str] = ()) -> GitHub | None:
    """The key ``github`` of the table ``ci``; None without it. ``approving``: the environments with an approval."""
    table = table.of(CI)
    if not table.has("github"):
        return None
    if not has_roles:
        hint = "add `[tool.multi_env_lambda.roles]`: the jobs act as roles of their own, which let this repository in"
        table.refuse("github", "one role serves everybody here", hint=hint)
    own = table.table("github")
    own.allow()
    subject: GitHubSubject = "names" if own.choice("subject") == "names" else "ids"
    if subject == "ids":
        hint = "`gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints both; an older repository: `subject = \"names\"`"
        for key in ("owner_id", "repository_id"):
            own.require(key, hint=hint)
    jobs = _jobs(table, own)
    return GitHub(
        repository=own.named("repository"),
        owner_id=own.optional_number("owner_id") or 0,
        repository_id=own.optional_number("repository_id") or 0,
        subject=subject,
        provider=own.flag("provider"),
        jobs=jobs,
        reviewed=_reviewed(own, jobs, approving),
    )


def _reviewed(own: Table, jobs: GitHubJobs, approving: Collection[str]) -> tuple[str, ...]:
    """In the order of the table of environments."""
    found = own.texts("reviewed")
    if found and jobs == "send":
        hint = "leave `reviewed` out; where builds run at CodeBuild, `approve` and CodePipeline agree to what waits"
        own.refuse("reviewed", 'with `jobs = "send"` no job at GitHub deploys', hint=hint)
    for name in found:
        if name not in approving or name == PLAN_ENVIRONMENT:
            what = f"found `{name}`; expected environments that have `approval = true`"
            known = [one for one in approving if one != PLAN_ENVIRONMENT]
            missing = "set `approval = true` in the table of that environment"
            own.refuse("reviewed", what, hint=did_you_mean(name, known) if known else missing)
    return tuple(name for name in approving if name in found)


def _jobs(table: Table, own: Table) -> GitHubJobs:
    if own.choice("jobs") == "run":
        return "run"
    table.require("repository", hint="say which repository the stack of the CI builds; the jobs send it their events")
    return "send"
