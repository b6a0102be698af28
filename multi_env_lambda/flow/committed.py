"""What the committed table says of where artifacts, records and approvals are: an uncommitted line moves none of it."""

from __future__ import annotations

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.world import World

__all__ = ["must_be_committed"]


def must_be_committed(world: World, environment: str) -> None:
    """Refuse an environment that asks for approvals, while only an uncommitted line says where they are looked for.

    Another bucket has no approvals, no memory of rules and no records, so whoever names it has none of them in the way.

    Raises:
        Refused: the committed table asks for approvals there, and names another bucket.
    """
    committed, table = world.maker.committed(), world.config.devops
    if committed is None or _place(committed.devops) == _place(table):
        return
    if any(place.approval for place in committed.environments if place.name == environment):
        what = (
            f"this work tree's table says {_shown(table)}, the committed one says {_shown(committed.devops)}, where "
            f"{environment} has its approvals"
        )
        raise Refused(environment, what, hint="commit the change, so that somebody sees it; or take it back")


def _place(devops: Devops) -> tuple[str, str, str, object]:
    return devops.account_id, devops.region, devops.bucket, devops.buckets


def _shown(devops: Devops) -> str:
    return f"s3://{devops.bucket} in account {devops.account_id}, {devops.region}"
