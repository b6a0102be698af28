"""Where the aliases of a stack point after a deploy: also those that CloudFormation had no reason to write.

It writes an alias whose template has changed. Any other stays as somebody has moved it.
"""

from __future__ import annotations

from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.flow.aliases import strayed_of
from multi_env_lambda.flow.check import Asking
from multi_env_lambda.plan.aliases import said_aliases, unwritten
from multi_env_lambda.wording import advice, unit_call

__all__ = ["check_unwritten"]


def check_unwritten(asking: Asking, project: str, stack_name: str, before: str | None, template: str) -> None:
    """The aliases that the template did not change are where CloudFormation pointed them; none means no call.

    Raises:
        CheckFailed: somebody moved one, so that its callers do not get what is recorded.
    """
    names = unwritten(before, template)
    if not names:
        return
    world, place = asking.world, asking.environment
    said = said_aliases(template, world.platform.resources(place, stack_name))
    strayed = strayed_of(world, place, [item for item in said if item.logical_id in names])
    if strayed:
        repair = unit_call("repair", project, place.name)
        hint = advice("`{}` points it there again; then deploy again", repair)
        raise CheckFailed(f"{project} in {place.name}", "; ".join(map(str, strayed)), hint=hint)
