"""Builds of CodeBuild: started with an id and nothing else, and looked at."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_throttled, text_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.host.bitbucket import BUILD as AT_BITBUCKET
from multi_env_lambda.host.github_api import BUILD as AT_GITHUB
from multi_env_lambda.host.gitlab import BUILD as AT_GITLAB
from multi_env_lambda.model.ci_stack import BUILD_IS_OVER

__all__ = ["CodeBuilds"]

_NO_ROOM = "AccountLimitExceededException"
_HINT = "look at the CodeBuild project, and at the rights of what starts its builds"


class CodeBuilds:
    """The builds of one project, and of a second one.

    Args:
        project: what builds what is merged. unmerged: the same for what is not; its role may only read.
        variable: the name of the one variable that a build is given.

    Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html and API_BatchGetBuilds.html
    """

    def __init__(self, client: Any, project: str, variable: str, *, unmerged: str = "") -> None:
        self._client, self._project, self._variable = client, project, variable
        self._unmerged = unmerged or project

    def start(self, job: str, *, merged: bool = True) -> str | None:
        """Start a build for this job; None: no more may run, or be asked for, at the moment.

        The token makes one build of two calls within five minutes; a later one finds its job taken.

        Raises:
            StackError: CodeBuild does not start it.
        """
        variable = {"name": self._variable, "value": job, "type": "PLAINTEXT"}
        try:
            answer = self._client.start_build(
                projectName=self._project if merged else self._unmerged,
                idempotencyToken=job,
                environmentVariablesOverride=[variable],
            )
        except aws_errors() as error:
            if code_of(error) == _NO_ROOM or is_throttled(error):
                return None
            raise self._error("does not start a build", error) from error
        return str(answer["build"]["id"])

    def is_over(self, build: str) -> bool:
        """Whether it has ended, however; one that CodeBuild no longer knows has. Other hosts' are seen from there.

        Raises:
            StackError: CodeBuild does not say.
        """
        if AT_GITHUB.fullmatch(build) or AT_GITLAB.fullmatch(build) or AT_BITBUCKET.fullmatch(build):
            return False
        try:
            answer = self._client.batch_get_builds(ids=[build])
        except aws_errors() as error:
            raise self._error(f"says nothing about the build {build}", error) from error
        found = [one for one in answer.get("builds", ()) if one.get("id") == build]
        return not found or found[0].get("buildStatus") in BUILD_IS_OVER

    def _error(self, what: str, error: Exception) -> StackError:
        return StackError(f"the CodeBuild project {self._project}", f"{what}: {text_of(error)}", hint=_HINT)
