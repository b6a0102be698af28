"""What a step of Bitbucket Pipelines says of itself by its variables.

Source: https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from multi_env_lambda.errors import ConfigurationError

__all__ = ["BUILD", "branch_of", "build_of", "is_over", "is_request", "link_of"]

BUILD = re.compile(r"bitbucket:([0-9]{1,20})")
"""What a pipeline of Bitbucket is called as a build: its number."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}")


def build_of(variables: Mapping[str, str]) -> str:
    """What this pipeline is called as a build; empty outside of Bitbucket.

    >>> build_of({"BITBUCKET_BUILD_NUMBER": "77"})
    'bitbucket:77'
    """
    found = variables.get("BITBUCKET_BUILD_NUMBER", "")
    return f"bitbucket:{found}" if found else ""


def is_over(build: str) -> bool:
    """Whether another pipeline there has ended: of one deployment environment Bitbucket runs one step at a time.

    Of a pull request there may be two for a moment. Both only plan, so the second one takes over.
    Another host's builds are not known here.

    >>> is_over("bitbucket:76"), is_over("gitlab:76")
    (True, False)
    """
    return BUILD.fullmatch(build) is not None


def is_request(variables: Mapping[str, str]) -> bool:
    """Whether this step is about a pull request, and not about what is merged.

    >>> is_request({"BITBUCKET_BUILD_NUMBER": "77", "BITBUCKET_PR_ID": "7"})
    True
    """
    return bool(build_of(variables) and variables.get("BITBUCKET_PR_ID"))


def branch_of(variables: Mapping[str, str]) -> str:
    """The branch whose pipeline this is.

    Raises:
        ConfigurationError: it is a pipeline of something else, or none.
    """
    branch = variables.get("BITBUCKET_BRANCH", "")
    if not build_of(variables) or not branch or variables.get("BITBUCKET_PR_ID"):
        hint = "Bitbucket sets BITBUCKET_BUILD_NUMBER and BITBUCKET_BRANCH in each step; by hand, `ci run JOB`"
        raise ConfigurationError("ci run", "this is no step for a branch at Bitbucket", hint=hint)
    return branch


def link_of(variables: Mapping[str, str]) -> str:
    """To the page of this pipeline; empty outside of Bitbucket."""
    name, number = variables.get("BITBUCKET_REPO_FULL_NAME", ""), BUILD.fullmatch(build_of(variables))
    if number is None or not _REPOSITORY.fullmatch(name):
        return ""
    return f"https://bitbucket.org/{name}/pipelines/results/{number[1]}"
