"""Bootstrap: the artifact bucket, whose it is, and the rules that its environments had until now."""

from __future__ import annotations

from multi_env_lambda.aws.bucket_setup import create_artifact_bucket
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.flow.identity import settle_id
from multi_env_lambda.flow.rules import remember_all
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.world import World

__all__ = ["make_bucket", "settle"]


def make_bucket(config: WorkspaceConfig, sessions: Sessions) -> tuple[str, ...]:
    """Create and set up a bucket of the devops account in each region; the accounts of all environments may read.

    Returns what was changed, in a line each.

    Raises:
        AccountError: the credentials are of another account.
        PublishError: the name is taken by another account, or the role may not do this.
    """
    sessions.verify(config.devops)
    readers = [environment.account_id for environment in config.environments]
    return tuple(
        f"{place.bucket}: {change}"
        for place in config.buckets
        for change in create_artifact_bucket(sessions.client(place, "s3"), place, readers)
    )


def settle(world: World) -> None:
    """Write the workspace's id and the environments' rules into the bucket, where they are not known yet.

    Raises:
        ConfigurationError: the bucket has another workspace's id.
        MultiEnvLambdaError: what it remembers of an environment's rules cannot be read.
    """
    settle_id(world, ())
    remember_all(world)
