"""The witness in Lambda: ``multi_env_lambda.witness.handler`` is an action of the pipeline, after a person's yes.

Its role may read what CodePipeline says of the pipeline, and write approvals under one name. It starts nothing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.pipelines import Pipelines
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.codepipeline import PIPELINE_VARIABLE, ROLE_VARIABLE
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.operations.witness import Witness, bear_witness

__all__ = ["handler"]


def handler(event: Any, context: object) -> None:
    """Bear witness, and tell the pipeline how that went.

    Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html (the event)
    """
    logging.getLogger("multi_env_lambda").setLevel(logging.INFO)
    log = logging.getLogger(__name__)
    job, environment, execution, several = _asked(event)
    region = _said("AWS_REGION")
    place = Devops(account_id=_said(ACCOUNT_VARIABLE), region=region, bucket=_said(BUCKET_VARIABLE), role_name="")
    sessions = Sessions()
    pipeline = Pipelines(sessions.client(place, "codepipeline"), _said(PIPELINE_VARIABLE))
    witness = Witness(
        store=Bucket(sessions.client(place, "s3"), place.bucket, place.account_id),
        pipeline=pipeline,
        account_id=place.account_id,
        role=_said(ROLE_VARIABLE),
    )
    try:
        approvals = bear_witness(witness, environment, execution, several)
    except Exception as raised:  # the pipeline would wait for an hour otherwise
        error = as_ours("the witness", raised)
        log.warning("%s: %s", error.where, error.what)
        pipeline.failed(job, f"{error.where}: {error.what}; {error.hint}")
        return
    text = "; ".join(approval.text() for approval in approvals)
    log.info("%s", text)
    pipeline.succeeded(job, text)


def _asked(event: Any) -> tuple[str, str, str, tuple[str, ...]]:
    """The job's id, and what the pipeline's definition says: which stage, which execution, and the environments of a
    stage that has several."""
    job = event.get("CodePipeline.job") if isinstance(event, Mapping) else None
    name = job.get("id") if isinstance(job, Mapping) else None
    if not isinstance(job, Mapping) or not isinstance(name, str):
        raise ConfigurationError("the witness", "this is no job of CodePipeline", hint="the pipeline alone asks it")
    try:
        said = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
        environment, execution = str(said["environment"]), str(said["execution"])
        several = tuple(str(place) for place in said.get("environments", ()))
    except (AttributeError, KeyError, TypeError, ValueError):
        return name, "", "", ()
    return name, environment, execution, several


def _said(variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found:
        raise ConfigurationError(variable, "it is not set", hint="the template of `ci write codepipeline` sets it")
    return found
