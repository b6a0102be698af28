"""Observe, once it is known what would change: whose the stacks are, what was done by hand, what is there at all.

Imported if something is to change, or if units are named.

Input: a first plan, and what is recorded. Output: the plan as it is decided with what was seen, and all that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.flow.aliases import look_at_aliases
from multi_env_lambda.flow.bounds import look_at_bounds
from multi_env_lambda.flow.existence import must_be_there
from multi_env_lambda.flow.layers import look_at_layers
from multi_env_lambda.flow.lent import lent_layers_are_there
from multi_env_lambda.flow.numbers import look_at_numbers
from multi_env_lambda.flow.ownership import look_at_stacks
from multi_env_lambda.flow.repair import look_at_what_is_wrong
from multi_env_lambda.flow.taken import names_are_free

if TYPE_CHECKING:
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.plan.desired import RecordedState
    from multi_env_lambda.world import World

__all__ = ["look_closer"]


def look_closer(
    world: World,
    request: Request,
    first: Plan,
    recorded: RecordedState,
    made: Mapping[str, MadeRelease],
    decide: Callable[[RecordedState], Plan],
    *,
    closely: bool,
    alone: bool,
) -> tuple[Plan, RecordedState]:
    """The plan made again with what the accounts say about the units that it changes, and all that is known.

    Args:
        decide: makes the plan from what is known.
        closely: look at the stack of every unit that changes; otherwise that happens when each one is changed.
        alone: whatever else would come is not made, and no part of the plan.
    """
    closely = request.force or closely or request.is_of_one_place
    known = look_at_stacks(world, first, recorded, everything=closely)
    known = look_at_what_is_wrong(world, first, known)
    known = look_at_numbers(world, request, first, look_at_aliases(world, first, known))
    known = look_at_bounds(world, first, known)
    decided = first if known is recorded else decide(known)
    decided = names_are_free(world, must_be_there(world, request, decided, known, made))
    decided = look_at_layers(world, decided)
    return decided if alone else lent_layers_are_there(world, decided, known), known
