"""What a job at GitLab says of itself by its variables.

Source: https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from multi_env_lambda.errors import ConfigurationError

__all__ = ["BUILD", "branch_of", "build_of", "is_over", "is_request", "link_of"]

BUILD = re.compile(r"gitlab:([0-9]{1,20})")
"""What a job of GitLab is called as a build: its number."""


def build_of(variables: Mapping[str, str]) -> str:
    """What this job is called as a build; empty outside of GitLab.

    >>> build_of({"GITLAB_CI": "true", "CI_JOB_ID": "77"})
    'gitlab:77'
    """
    number = variables.get("CI_JOB_ID", "") if variables.get("GITLAB_CI") else ""
    return f"gitlab:{number}" if number else ""


def is_over(build: str) -> bool:
    """Whether another job there has ended: of what is merged, and of each merge request, GitLab runs one at a time
    (``resource_group``), and this one runs.

    Another host's builds are not known here.

    >>> is_over("gitlab:76"), is_over("acme-build:0a1b")
    (True, False)
    """
    return BUILD.fullmatch(build) is not None


def is_request(variables: Mapping[str, str]) -> bool:
    """Whether this job is about a merge request, and not about what is merged.

    >>> is_request({"GITLAB_CI": "true", "CI_JOB_ID": "77", "CI_PIPELINE_SOURCE": "merge_request_event"})
    True
    """
    return bool(build_of(variables)) and variables.get("CI_PIPELINE_SOURCE") == "merge_request_event"


def branch_of(variables: Mapping[str, str]) -> str:
    """The branch whose pipeline this is.

    Raises:
        ConfigurationError: it is a pipeline of something else, or none.
    """
    branch = variables.get("CI_COMMIT_BRANCH", "")
    if not build_of(variables) or not branch:
        hint = "GitLab sets CI_JOB_ID and CI_COMMIT_BRANCH in each job of a branch; by hand, `ci run JOB`"
        raise ConfigurationError("ci run", "this is no job of a branch at GitLab", hint=hint)
    return branch


def link_of(variables: Mapping[str, str]) -> str:
    """To the page of this job; empty outside of GitLab."""
    found = variables.get("CI_JOB_URL", "") if build_of(variables) else ""
    return found if re.fullmatch(r"https://[A-Za-z0-9./:_-]{1,390}", found) else ""
