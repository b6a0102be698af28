"""Who may write an approval that a reviewer has given at GitHub: one job, of one environment, after her yes.

Each environment has a role of its own, so the yes for one says nothing about another. It writes keys that end as no
other role's do, and may do nothing else but fetch the library.
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.record import REVIEWED, approvals_folder
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import Trust, as_github, provider_arn
from multi_env_lambda.plan.grant import Grant, calls_of, grant_of

__all__ = ["of_reviewers"]

_VERB = "review"


def of_reviewers(config: WorkspaceConfig, roles: Roles) -> Iterator[tuple[str, str, Trust, tuple[Grant, ...]]]:
    """Key, name, trust and statements of the role of each environment with reviewers at GitHub."""
    github, devops = config.github, config.devops
    if github is None:
        return
    for name in github.reviewed:
        trust = as_github(provider_arn(devops.account_id), github, config.ci.branch, environment=name)
        # CloudFormation's names have no hyphens, and those of environments no capitals.
        key = f"ReviewerOf{name.capitalize().replace('-', 'X')}Role"
        yield key, roles.reviewer(name), trust, tuple(_grants(devops.bucket, name))


def _grants(bucket: str, environment: str) -> Iterator[Grant]:
    arn = f"arn:aws:s3:::{bucket}"
    # Without it S3 answers 403 instead of 404 for a key that is not there.
    yield grant_of("ListTheBucket", _VERB, [arn], "s3:ListBucket")
    yield grant_of("FetchTheLibrary", _VERB, [f"{arn}/ci/library/*"], "s3:GetObject")
    keys = [f"{arn}/{approvals_folder(environment)}*/*/{REVIEWED}.json"]
    yield grant_of("WriteApprovals", _VERB, keys, *calls_of("s3", "GetObject", "PutObject"))
