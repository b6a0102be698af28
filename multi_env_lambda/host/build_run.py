"""Whether a build runs this process, or a person."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BUILD_VARIABLES", "build_that_runs"]

BUILD_VARIABLES = (
    "CODEBUILD_BUILD_ID", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "BUILDKITE", "CIRCLECI", "TF_BUILD",
    "BITBUCKET_BUILD_NUMBER", "TEAMCITY_VERSION", "TRAVIS", "DRONE", "APPVEYOR", "HARNESS_BUILD_ID",
)  # fmt: skip
"""Each is set only by one build service in its builds, according to its documentation."""


def build_that_runs(environment: Mapping[str, str], *, terminal: bool) -> str:
    """The variable that indicates a build; empty if a person may be present.

    ``CI`` is set by builds and, for quieter tools, by people; it counts if there is no terminal.

    >>> build_that_runs({"GITHUB_ACTIONS": "true"}, terminal=True)
    'GITHUB_ACTIONS'
    """
    found = next((name for name in BUILD_VARIABLES if _says(environment.get(name, ""))), "")
    return found or ("CI" if _says(environment.get("CI", "")) and not terminal else "")


def _says(value: str) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no")
