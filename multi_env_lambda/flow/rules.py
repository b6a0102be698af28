"""The memory of an environment's rules: a table that is weaker than it once was opens nothing by itself.

One GET, and only for an environment in which something will change and whose listing, which is read anyway, shows such
a memory. Git is asked for the committed table: it may have a stricter rule, or more in front of the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import Busy, MultiEnvLambdaError, PlanStale
from multi_env_lambda.flow.committed import committed_order, committed_rules
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.rules import Bound, remembered, rules_key, rules_of

if TYPE_CHECKING:
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.world import World

__all__ = ["bound_of", "learn", "remember_all", "weaken", "with_rules"]

TRIES = 5
"""How often to retry when others write the same small object in between."""


def bound_of(world: World, environment: str, *, again: bool = False) -> Bound:
    """The rules that bind an environment. What cannot be read binds most, and is reported.

    Args:
        again: the object may have appeared since the listing, written here or by others.
    """
    bound = _with_memory(world, environment, again)
    if bound.unreadable:
        return bound
    try:
        committed = None if bound.rules.strictest else committed_rules(world, environment)
        return attrs.evolve(bound, committed=committed, order=committed_order(world, environment))
    except MultiEnvLambdaError as error:
        why = f"{error.where}: {error.what}; {error.hint}"
        return attrs.evolve(bound, unreadable=why)


def _with_memory(world: World, environment: str, again: bool) -> Bound:
    bound, key = Bound(environment=environment, table=rules_of(world.config, environment)), rules_key(environment)
    if not again and world.ledger.shows_no(environment, key):
        return bound
    try:
        stored = world.store.get(key)
        return bound if stored is None else remembered(bound, stored.body, stored.etag)
    except MultiEnvLambdaError as error:
        where = "" if key in error.where else f"{key}: "
        return attrs.evolve(bound, unreadable=f"{where}{error.where}: {error.what}; {error.hint}")


def with_rules(world: World, plan: Plan) -> Plan:
    """The same plan, with the rules of each environment in which it changes something."""
    names = [name for name in plan.environments if any(step.environment == name for step in plan.deploys)]
    return attrs.evolve(plan, rules=tuple(in_parallel(lambda name: bound_of(world, name), names)))


def learn(world: World, bound: Bound) -> Bound:
    """Remember what this table, or the committed one, says more strictly than ever before. Free if nothing is new.

    Raises:
        Busy: others keep writing it.
        PublishError: it cannot be written.
    """
    for _ in range(TRIES):
        if bound.unreadable or not bound.news:
            return bound
        body = bound.to_bytes(bound.rules)
        if _write(world, bound, body):
            return attrs.evolve(bound, memory=bound.rules, etag="")
        bound = bound_of(world, bound.environment, again=True)
    raise Busy(rules_key(bound.environment), "others keep writing it", hint="run the same command again")


def weaken(world: World, environment: str, seen: Bound) -> None:
    """Make the memory what the table says, after somebody entitled has agreed to that.

    Raises:
        PlanStale: the memory is not what was agreed to.
    """
    bound = bound_of(world, environment, again=True)
    if bound.memory == bound.table:
        return
    if (bound.memory, bound.unreadable) != (seen.memory, "") or not _write(world, bound, bound.to_bytes(bound.table)):
        what = "the rules have changed since the approval was given"
        raise PlanStale(rules_key(environment), what, hint="make the plan again and request a new approval")


def remember_all(world: World) -> None:
    """What ``bootstrap`` does: remember the rules of every environment that has one.

    Raises:
        MultiEnvLambdaError: one of them cannot be read or written.
    """
    for environment in world.config.environments:
        if rules_of(world.config, environment.name).any:
            learn(world, bound_of(world, environment.name))


def _write(world: World, bound: Bound, body: bytes) -> bool:
    key = rules_key(bound.environment)
    if bound.etag:
        return world.store.replace(key, body, etag=bound.etag) is not None
    return world.store.put_new(key, body) is not None
