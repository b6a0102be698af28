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
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import (
    ACCOUNT_VARIABLE,
    BUCKET_VARIABLE,
    JOB_VARIABLE,
    PLAN_PROJECT_VARIABLE,
    PROJECT_VARIABLE,
    REPOSITORY_VARIABLE,
)
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.operations.messages import Desk, answer_records

__all__ = ["handler"]


def handler(event: Any, context: object) -> dict[str, list[dict[str, str]]]:
    """Take one batch of messages; the answer names those that have to come again."""
    logging.getLogger("multi_env_lambda").setLevel(logging.INFO)
    return answer_records(_desk(), event)


@cache
def _desk() -> Desk:
    """Made once for all batches that this process gets."""
    region = _said("AWS_REGION")
    place = Devops(account_id=_said(ACCOUNT_VARIABLE), region=region, bucket=_said(BUCKET_VARIABLE), role_name="")
    sessions = Sessions()
    # What is not merged is planned in a project whose role may only read; without it, in the same one.
    unmerged = os.environ.get(PLAN_PROJECT_VARIABLE, "")
    return Desk(
        store=Bucket(sessions.client(place, "s3"), place.bucket, place.account_id),
        builds=CodeBuilds(
            sessions.client(place, "codebuild"), _said(PROJECT_VARIABLE), JOB_VARIABLE, unmerged=unmerged
        ),
        bucket=place.bucket,
        repository=os.environ.get(REPOSITORY_VARIABLE, ""),
    )


def _said(variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found:
        raise ConfigurationError(variable, "it is not set", hint="the CI stack sets it; `bootstrap devops` makes that")
    return found
