"""What the workspace says about the machinery of its continuous integration, which ``bootstrap`` makes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import attrs

from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table

__all__ = [
    "ACCOUNT_VARIABLE",
    "BUCKET_VARIABLE",
    "BUILD_IS_OVER",
    "DELIVERIES",
    "JOB_VARIABLE",
    "KEPT_BY_BUILDS",
    "OF_THE_STACK",
    "OTHERS",
    "PLAN_PROJECT_VARIABLE",
    "PROJECT_VARIABLE",
    "PYTHON",
    "REPOSITORY_VARIABLE",
    "REQUESTS",
    "CiStack",
    "read_ci_stack",
    "read_source",
]

PYTHON = "3.13"
"""The Python of a build, and of the dispatcher."""

JOB_VARIABLE = "MULTI_ENV_LAMBDA_JOB"
"""The only thing that a build gets."""

BUCKET_VARIABLE, ACCOUNT_VARIABLE = "MULTI_ENV_LAMBDA_BUCKET", "MULTI_ENV_LAMBDA_ACCOUNT"
PROJECT_VARIABLE, PLAN_PROJECT_VARIABLE = "MULTI_ENV_LAMBDA_PROJECT", "MULTI_ENV_LAMBDA_PLAN_PROJECT"
REPOSITORY_VARIABLE = "MULTI_ENV_LAMBDA_REPOSITORY"
"""What the stack tells the dispatcher."""

KEPT_BY_BUILDS = (
    "ci/copies/*",
    "ci/environments/*",
    "ci/plans/*",
    "ci/protected.json",
    "ci/results/*",
    "ci/told/*",
    "ci/verified/*",
    "ci/wanted/*",
)
"""What a build of what is merged keeps in the bucket. ``ci/library/`` is not among it: `bootstrap` puts that there."""

DELIVERIES = "ci/deliveries/"
"""Where the receiver of webhooks remembers what it has received; the bucket forgets it after some days."""

REQUESTS, OTHERS = "f", "0"
"""What the ids of jobs about pull requests begin with, and those of all others: IAM tells them apart by it."""

BUILD_IS_OVER = ("SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED")
"""The states of a build of CodeBuild that has ended.

Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html (``buildStatus``)
"""

OF_THE_STACK = ("repository", "connection", "builds", "minutes", "people")
"""The keys of the table ``ci`` that make a stack; the others say what a push leads to."""

_HOSTS = {"github.com": "GITHUB", "gitlab.com": "GITLAB", "bitbucket.org": "BITBUCKET"}
"""Hosts whose repositories CodeBuild clones through a connection, and what it calls them."""


@attrs.frozen(kw_only=True)
class CiStack:
    """The part of the table ``ci`` from which ``bootstrap`` makes a stack in the devops account.

    Args:
        repository: the name of a CodeCommit repository, or the https address of one elsewhere.
        connection: by which CodeBuild reads a repository at GitHub, GitLab or Bitbucket that is not public.
        builds: how many run at once. minutes: after which one is ended.
        people: who is written to when something fails; an e-mail address each.
    """

    repository: str
    connection: str = ""
    builds: int = 5
    minutes: int = 60
    people: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What CodeBuild calls the source; ``NO_SOURCE``: the build clones it by its address.

        >>> CiStack(repository="units").kind, CiStack(repository="https://git.acme.org/units").kind
        ('CODECOMMIT', 'NO_SOURCE')
        """
        if not self.is_address:
            return "CODECOMMIT"
        host = urlsplit(self.repository).hostname or ""
        return _HOSTS.get(host, "NO_SOURCE") if self.connection else "NO_SOURCE"

    @property
    def is_address(self) -> bool:
        return self.repository.startswith("https://")

    @property
    def name(self) -> str:
        """What the repository is called, without where it is.

        >>> CiStack(repository="https://github.com/acme/units.git").name
        'units'
        """
        return re.sub(r"\.git$", "", self.repository.rpartition("/")[2])

    def address(self, region: str) -> str:
        """From where it is cloned.

        >>> CiStack(repository="units").address("eu-west-1")
        'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/units'
        """
        if self.is_address:
            return self.repository
        return f"https://git-codecommit.{region}.amazonaws.com/v1/repos/{self.repository}"


def read_ci_stack(table: Table, *, has_roles: bool) -> CiStack | None:
    """The keys of the table ``ci`` that make a stack; None without a repository: there is none to make."""
    table = table.of(CI)
    if "repository" not in table.values:
        for key in OF_THE_STACK:
            if key in table.values:
                table.require("repository", hint="say which repository all of it is about")
        return None
    if not has_roles:
        hint = "add `[tool.multi_env_lambda.roles]`: what builds and what starts builds act as roles of their own"
        table.refuse("repository", "one role serves everybody here", hint=hint)
    return attrs.evolve(
        read_source(table),
        builds=table.number("builds"),
        minutes=table.number("minutes"),
        people=table.texts("people"),
    )


def read_source(table: Table) -> CiStack:
    """The keys that say which repository it is about, and how AWS reads it."""
    found = CiStack(
        repository=table.named("repository"),
        connection=table.named_or("connection"),
    )
    host = urlsplit(found.repository).hostname if found.is_address else ""
    if found.connection and host not in _HOSTS:
        what = f"found one, but {found.repository} is at none of {', '.join(sorted(_HOSTS))}"
        table.refuse("connection", what, hint="leave it out; the build clones the address as it is")
    return found
