"""What the committed table says about an environment's rules and about where its approvals are.

An uncommitted line removes none of the rules, moves no environment away from its approvals, and opens no second way
into an account whose environment has rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.chain import weakened_order
from multi_env_lambda.model.rules import Bound, Rules, remembered, rules_key, rules_of

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.workspace import WorkspaceConfig
    from multi_env_lambda.world import World

__all__ = ["committed_order", "committed_rules", "must_be_committed"]


def committed_rules(world: World, environment: str) -> Rules | None:
    """What the committed table requires there; None if it does not know the environment.

    Raises:
        Refused: it does not know the environment, which is in the account of one that has rules.
        ConfigurationError, ToolError: the committed table cannot be read.
    """
    committed = world.maker.committed()
    if committed is not None:
        _must_not_be_beside_rules(world, committed, environment)
    if committed is None or all(place.name != environment for place in committed.environments):
        return None
    return rules_of(committed, environment)


def committed_order(world: World, environment: str) -> tuple[str, ...]:
    """What this work tree's table takes away from the committed way to an environment, in a line each.

    Raises:
        ConfigurationError, ToolError: the committed table cannot be read.
    """
    committed = world.maker.committed()
    return () if committed is None else weakened_order(committed.environments, world.config.environments, environment)


def must_be_committed(world: World, environment: str) -> None:
    """Refuse an environment whose location, or the location of its approvals, only an uncommitted line states.

    Another name in the same account reaches the same stacks, and is bound by none of that account's rules. Another
    bucket has no approvals, no memory of rules and no records, so nothing there stands in the way.

    Raises:
        Refused: the committed table requires approvals there and names another bucket; or it does not know the
            environment in this account, and has another one there, with rules.
        ConfigurationError, ToolError: the committed table cannot be read.
    """
    committed, table = world.maker.committed(), world.config.devops
    if committed is None:
        return
    _must_not_be_beside_rules(world, committed, environment)
    if _place(committed.devops) == _place(table):
        return
    if any(place.approval for place in committed.environments if place.name == environment):
        what = (
            f"this work tree's table says {_shown(table)}, the committed one says {_shown(committed.devops)}, where "
            f"the approvals of {environment} are"
        )
        raise Refused(environment, what, hint="commit the change, so that others see it, or revert it")


def _must_not_be_beside_rules(world: World, committed: WorkspaceConfig, environment: str) -> None:
    """Accounts count, not regions: roles, names and people belong to the account."""
    account_id = world.config.environment(environment).account_id
    there = [place for place in committed.environments if place.account_id == account_id]
    if any(place.name == environment for place in there):
        return
    ruled = next((place for place in there if _has_rules(world, committed, place)), None)
    if ruled is not None:
        what = (
            f"only this work tree's table has {environment} in account {account_id}, where the committed one has "
            f"{ruled.name}, which has rules"
        )
        raise Refused(environment, what, hint="commit the table, so that others see it, or revert the change")


def _has_rules(world: World, committed: WorkspaceConfig, place: Environment) -> bool:
    """Whether the committed table has rules, or they are remembered: nobody has agreed to weaker ones."""
    table = rules_of(committed, place.name)
    if place.bounds is not None or table.any:
        return True
    stored = world.store.get(rules_key(place.name))
    if stored is None:
        return False
    return remembered(Bound(environment=place.name, table=table), stored.body, stored.etag).rules.any


def _place(devops: Devops) -> tuple[str, str, str, object]:
    return devops.account_id, devops.region, devops.bucket, devops.buckets


def _shown(devops: Devops) -> str:
    return f"s3://{devops.bucket} in account {devops.account_id}, {devops.region}"
