"""The dispatcher in Lambda: ``multi_env_lambda.dispatcher.handler`` gets batches of the queue and starts builds.

It may read and write below ``ci/`` of the bucket, and start builds of one project with one variable. It has no Git:
what needs the repository is decided again by the build.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.builds import CodeBuilds
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.operations.messages import Desk, answer_records

__all__ = ["ACCOUNT", "BUCKET", "PLAN_PROJECT", "PROJECT", "REPOSITORY", "handler"]

BUCKET, ACCOUNT = "MULTI_ENV_LAMBDA_BUCKET", "MULTI_ENV_LAMBDA_ACCOUNT"
PROJECT, REPOSITORY = "MULTI_ENV_LAMBDA_PROJECT", "MULTI_ENV_LAMBDA_REPOSITORY"
PLAN_PROJECT = "MULTI_ENV_LAMBDA_PLAN_PROJECT"
"""The project that plans what is not merged, under a role that may only read; without it, it is the same one."""


def handler(event: Any, context: object) -> dict[str, list[dict[str, str]]]:
    """Take one batch of messages; the answer names those that have to come again."""
    logging.getLogger("multi_env_lambda").setLevel(logging.INFO)
    return answer_records(_desk(), event)


@cache
def _desk() -> Desk:
    """Made once for all batches that this process gets."""
    region = _said("AWS_REGION")
    place = Devops(account_id=_said(ACCOUNT), region=region, bucket=_said(BUCKET), role_name="")
    sessions = Sessions()
    unmerged = os.environ.get(PLAN_PROJECT, "")
    return Desk(
        store=Bucket(sessions.client(place, "s3"), place.bucket, place.account_id),
        builds=CodeBuilds(sessions.client(place, "codebuild"), _said(PROJECT), JOB_VARIABLE, unmerged=unmerged),
        bucket=place.bucket,
        repository=os.environ.get(REPOSITORY, ""),
    )


def _said(variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found:
        raise ConfigurationError(variable, "it is not set", hint="the CI stack sets it; `bootstrap devops` makes that")
    return found
