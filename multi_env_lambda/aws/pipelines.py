"""What CodePipeline says of an execution, and what one of its actions says to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.errors import StackError

__all__ = ["Pipelines"]

_HINT = "look at the pipeline, and at the rights of what asks it"
_LONGEST = 4000


class Pipelines:
    """One pipeline.

    Source: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html and
    API_PutJobSuccessResult.html, API_PutJobFailureResult.html
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def actions(self, execution: str) -> Iterator[Mapping[str, Any]]:
        """All actions of an execution, those that were tried again more than once.

        Raises:
            StackError: CodePipeline does not say.
        """
        pages = self._client.get_paginator("list_action_executions")
        try:
            for page in pages.paginate(pipelineName=self._name, filter={"pipelineExecutionId": execution}):
                yield from page.get("actionExecutionDetails", ())
        except aws_errors() as error:
            raise self._error(f"says nothing about the execution {execution}", error) from error

    def succeeded(self, job: str, said: str) -> None:
        """Tell it that an action has done what it should.

        Raises:
            StackError: it does not listen.
        """
        self._tell("put_job_success_result", jobId=job, executionDetails={"summary": said[:_LONGEST]})

    def failed(self, job: str, said: str) -> None:
        """Tell it that an action has failed, and why.

        Raises:
            StackError: it does not listen.
        """
        why = {"type": "JobFailed", "message": said[:_LONGEST]}
        self._tell("put_job_failure_result", jobId=job, failureDetails=why)

    def _tell(self, call: str, **said: Any) -> None:
        try:
            getattr(self._client, call)(**said)
        except aws_errors() as error:
            raise self._error("takes no answer", error) from error

    def _error(self, what: str, error: Exception) -> StackError:
        return StackError(f"the pipeline {self._name}", f"{what}: {text_of(error)}", hint=_HINT)
