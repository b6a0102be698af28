"""What a Git host says of a push, put on the bus of the local cloud: only there somebody may speak for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from multi_env_lambda.local.remote import Pushed
from multi_env_lambda.local.seed import root_client
from multi_env_lambda.local.server import root_key

if TYPE_CHECKING:
    from multi_env_lambda.local.cloud import LocalCloud
    from multi_env_lambda.model.environment import Devops

__all__ = ["devops_client", "tell"]

_SOURCE = "multi_env_lambda.codecommit"
"""AWS lets only its own services put events under ``aws.``; the rule of the stack hears of this source as well."""


def tell(cloud: LocalCloud, devops: Devops, repository: str, pushed: Pushed) -> str:
    """Put the event of CodeCommit for this push on the bus; its id.

    Source: https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
    """
    is_new = set(pushed.before) == {"0"}
    detail = {
        "event": "referenceCreated" if is_new else "referenceUpdated",
        "repositoryName": repository,
        "repositoryId": "local",
        "referenceType": "branch",
        "referenceName": pushed.branch,
        "referenceFullName": f"refs/heads/{pushed.branch}",
        "commitId": pushed.commit,
        "callerUserArn": f"arn:aws:iam::{devops.account_id}:user/{cloud.user}",
        **({} if is_new else {"oldCommitId": pushed.before}),
    }
    entry = {
        "Source": _SOURCE,
        "DetailType": "CodeCommit Repository State Change",
        "Detail": json.dumps(detail),
    }
    answer = devops_client(cloud, devops, "events").put_events(Entries=[entry])
    return str(answer["Entries"][0]["EventId"])


def devops_client(cloud: LocalCloud, devops: Devops, service: str) -> Any:
    """A client of the devops account that no policy binds."""
    return root_client(root_key(cloud.folder), devops.account_id, devops.region, service)
