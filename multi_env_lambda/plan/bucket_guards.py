"""What the artifact bucket itself refuses, once `bootstrap` has made the roles: whatever their policies say.

What is published is created and never overwritten, an approval is written by who approves, and the accounts of
environments read as the roles that need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import approvals_folder
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["Guards", "guards_of", "whole_accounts"]

_ARTIFACTS = ("glue", "lambda", "release")
"""The folders of a unit whose objects never change; beside them lies the index, which grows."""


@attrs.frozen(kw_only=True)
class Guards:
    """Whom the bucket's policy names.

    Args:
        approvers: ARNs of the roles that alone may write approvals; ``environments``: of which. A pattern for all of
            them would take in what a unit called ``approvals`` has.
        readers: by account, the patterns of the roles that read what is published.
    """

    approvers: tuple[str, ...]
    environments: tuple[str, ...]
    readers: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def statements(self, bucket: str) -> Iterator[dict[str, Any]]:
        """The statements about one bucket; the others stand in ``bucket.py``."""
        one, *_ = self.approvers
        arn = f"arn:aws:s3:::{bucket}"
        for account_id, patterns in self.readers:
            yield {
                "Sid": f"MultiEnvLambdaReaders{account_id}",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root"]},
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"{arn}/projects/*",
                "Condition": {"ArnLike": {"aws:PrincipalArn": list(patterns)}},
            }
        yield {
            "Sid": "MultiEnvLambdaCreateOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": [
                *(f"{arn}/projects/*/{folder}/*" for folder in _ARTIFACTS),
                f"{arn}/ci/library/*",
                f"{arn}/workspace.json",
            ],
            # The parts of a large object carry no condition; what completes them does.
            # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        }
        yield {
            "Sid": "MultiEnvLambdaApprovals",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject", "s3:PutObject"],
            "Resource": [f"{arn}/{approvals_folder(name)}*" for name in self.environments],
            "Condition": {
                "ArnNotEquals": {"aws:PrincipalArn": one if len(self.approvers) == 1 else list(self.approvers)}
            },
        }


def guards_of(config: WorkspaceConfig) -> Guards | None:
    """None where one role of each account serves everybody."""
    if config.roles is None:
        return None
    by_account: dict[str, list[str]] = {}
    for place in config.environments:
        if place.prefix:
            by_account.setdefault(place.account_id, []).extend(_readers(place))
    readers = tuple((account_id, tuple(sorted(patterns))) for account_id, patterns in sorted(by_account.items()))
    names = [config.roles.of_devops("approver")]
    if config.codepipeline is not None and any(place.approval for place in config.environments):
        names.append(config.roles.witness)
    if config.github is not None:
        names += [config.roles.reviewer(name) for name in config.github.reviewed]
    return Guards(
        approvers=tuple(f"arn:aws:iam::{config.devops.account_id}:role/{name}" for name in names),
        environments=tuple(place.name for place in config.environments),
        readers=readers,
    )


def _readers(place: Environment) -> Iterator[str]:
    """Long templates are read by who deploys, code and layers by CloudFormation, scripts by the job's own role."""
    roles = f"arn:aws:iam::{place.account_id}:role"
    yield f"{roles}/{place.role_for('deploy')}"
    yield f"{roles}/{place.role_for('execution')}"
    yield f"{roles}{place.role_path}*"


def whole_accounts(config: WorkspaceConfig) -> tuple[str, ...]:
    """The accounts of which everybody may read who is allowed to there: those without such roles."""
    return tuple(place.account_id for place in config.environments if not place.prefix)
