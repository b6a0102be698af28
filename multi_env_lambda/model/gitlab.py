"""What the workspace says about GitLab: ``gitlab`` in ``[tool.multi_env_lambda.ci]``.

A job of GitLab proves to AWS where it runs by a token. STS compares two of its claims, audience and subject; so the
subject, which names project and branch, is all that a role can ask for.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table

__all__ = ["CELLS_FILE", "GITLAB", "PIPELINE", "GitLab", "read_gitlab_table"]

GITLAB = "gitlab.com"
"""Whose tokens they are; also how the provider is called in IAM, and its condition keys begin."""

CELLS_FILE = "multi-env-lambda-cells.yml"
"""The pipeline that the job of the protected branch leaves for the accounts and regions of a stage."""

PIPELINE = ".gitlab/multi-env-lambda.yml"
"""The file that `ci write gitlab` writes, and the project's own ``.gitlab-ci.yml`` includes."""


@attrs.frozen(kw_only=True)
class GitLab:
    """The project whose jobs on the protected branch may act as the role of a build.

    Args:
        project: its path, ``group/project``. image: what its job runs in, by digest.
        plans: whether merge requests are planned before the merge, in pipelines of their own.
        provider: whether `bootstrap` makes GitLab's identity provider in the devops account, which can have one only.
    """

    project: str
    image: str
    plans: bool = True
    provider: bool = True

    def subject(self, branch: str) -> str:
        """The subject of tokens of jobs that run for a branch; GitLab's default, by `ci_id_token_sub_claim_components`.

        >>> GitLab(project="acme/units", image="").subject("main")
        'project_path:acme/units:ref_type:branch:ref:main'
        """
        return f"project_path:{self.project}:ref_type:branch:ref:{branch}"

    @property
    def members(self) -> str:
        """The subjects of tokens of jobs for any branch of this project, as a pattern: who may push, runs them.

        A job for a merge request has the subject of the branch that it comes from, in the project where that branch is.

        >>> GitLab(project="acme/units", image="").members
        'project_path:acme/units:ref_type:branch:ref:*'
        """
        return self.subject("*")


def read_gitlab_table(table: Table, *, has_roles: bool) -> GitLab | None:
    """The key ``gitlab`` of the table ``ci``; None without it."""
    table = table.of(CI)
    if not table.has("gitlab"):
        return None
    if not has_roles:
        hint = "add `[tool.multi_env_lambda.roles]`: the job acts as a role of its own, which lets this project in"
        table.refuse("gitlab", "one role serves everybody here", hint=hint)
    own = table.table("gitlab")
    own.allow()
    return GitLab(
        project=own.named("project"),
        image=own.named("image"),
        plans=own.flag("plans"),
        provider=own.flag("provider"),
    )
