"""Our stacks that the bucket has no record of, which a table made from records alone would not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.plan.ownership import owner_of

if TYPE_CHECKING:
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.world import World

__all__ = ["without_record"]


def without_record(world: World, status: Status) -> tuple[str, ...]:
    """A line for each such stack, and for each environment that could not be read.

    Only environments in which a unit has no record at all are read, with one listing each.
    """
    empty: dict[str, list[str]] = {}
    for cell in status.cells:
        known = (cell.version, cell.failed, cell.held_by, cell.unreadable)
        if cell.project in status.units and cell.environment not in status.left and known == (None, None, None, None):
            empty.setdefault(cell.environment, []).append(cell.project)
    found = in_parallel(lambda item: _look(world, *item), empty.items()) if world.config.id else []
    return tuple(line for lines in found for line in lines)


def _look(world: World, environment: str, units: list[str]) -> list[str]:
    place, names = world.config.environment(environment), {f"{unit}-{environment}": unit for unit in units}
    try:
        there = world.platform.find_stacks(place, list(names))
    except MultiEnvLambdaError as error:
        return [f"{environment}: whether a stack without a record exists could not be checked ({error.what})"]
    owners = {name: owner_of(world.config.id, unit, environment, None) for name, unit in names.items()}
    return [
        f"{environment}: the stack {name} exists and says that it is {names[name]}, but "
        f"s3://{world.config.devops.bucket} has no record of it"
        for name, reading in sorted(there.items())
        if reading.status != "REVIEW_IN_PROGRESS" and owners[name].owns(reading.tags, reading.stack_id)
    ]
