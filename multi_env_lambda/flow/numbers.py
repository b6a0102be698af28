"""Which numbers have run in environments that accept only releases: the deployments of the units that change there.

One LIST for each, and a GET for each deployment that this machine has never seen. Elsewhere nothing is read.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.flow.rules import bound_of
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.rules import rules_key
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.world import World

__all__ = ["look_at_numbers"]


def look_at_numbers(world: World, request: Request, plan: Plan, known: RecordedState) -> RecordedState:
    """The same knowledge, plus what ran where a rule in the table or in the memory needs it.

    The target of a rollback has run there, whatever its number.
    """
    if request.verb == "rollback":
        return known
    changing = {step.environment for step in plan.deploys}
    strict = {name for name in changing if _takes_releases_only(world, name)}
    places = [(step.environment, step.project) for step in plan.deploys if step.environment in strict]
    past = in_parallel(lambda place: world.ledger.history(*place), places)
    return attrs.evolve(known, past=dict(zip(places, past, strict=True))) if places else known


def _takes_releases_only(world: World, name: str) -> bool:
    if world.config.environment(name).releases_only:
        return True
    return not world.ledger.shows_no(name, rules_key(name)) and bound_of(world, name).rules.releases_only
