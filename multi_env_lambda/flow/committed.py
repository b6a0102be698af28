"""What the committed table says of an environment's rules and of where its approvals are.

An uncommitted line takes none of the rules away, and moves no environment away from its approvals.
"""

from __future__ import annotations

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.rules import Rules, rules_of
from multi_env_lambda.world import World

__all__ = ["committed_rules", "must_be_committed"]


def committed_rules(world: World, environment: str) -> Rules | None:
    """What the committed table asks for there; None where it does not know the environment.

    Raises:
        ConfigurationError, ToolError: the committed table cannot be read.
    """
    committed = world.maker.committed()
    if committed is None or all(place.name != environment for place in committed.environments):
        return None
    return rules_of(committed, environment)


def must_be_committed(world: World, environment: str) -> None:
    """Refuse an environment that asks for approvals, while only an uncommitted line says where they are looked for.

    Another bucket has no approvals, no memory of rules and no records, so whoever names it has none of them in the way.

    Raises:
        Refused: the committed table asks for approvals there, and names another bucket.
        ConfigurationError, ToolError: the committed table cannot be read.
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
