"""What one run has already written, compared or read, so that it does not ask again.

Nothing here outlives the process, and nothing is trusted that somebody else may have changed: an object is named by its
version, which never changes, and CloudFormation refuses a stack that is not what it was, so it is read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError

if TYPE_CHECKING:
    from multi_env_lambda.aws.poller import StackReading
    from multi_env_lambda.flow.publish import Receipts
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.plan import DeployStep
    from multi_env_lambda.world import World

__all__ = ["Already"]

_BY_NAME = 4
"""Up to this many stacks are read one by one; more by listing all stacks of the account."""

_YOUNG_SECONDS = 300.0


@attrs.frozen
class Already:
    """Safe for threads: every entry is written once, by the thread that handles the unit or environment.

    Args:
        receipts: the objects of a release, by its digest.
    """

    receipts: dict[str, Receipts] = attrs.field(factory=dict)
    _stacks: dict[tuple[str, str], tuple[float, StackReading]] = attrs.field(factory=dict)

    def look_ahead(self, world: World, environment: Environment, steps: Iterable[DeployStep]) -> None:
        """List the stacks of many units by pages. If that fails, or is too much, each is read when its turn comes."""
        stages = [step.release.stage(environment.name) for step in steps]
        names = [stage.stack_name for stage in stages if stage is not None]
        if len(names) <= _BY_NAME:
            return
        with suppress(MultiEnvLambdaError):
            world.platform.verify(environment)
            when = world.seconds()
            found = world.platform.find_stacks(environment, names)
            self._stacks.update({(environment.name, name): (when, reading) for name, reading in found.items()})

    def look(self, world: World, environment: Environment, stack_name: str) -> StackReading | None:
        """The stack as it is. One that was healthy a moment ago counts; anything unusual is read again now."""
        from multi_env_lambda.plan.stackstate import is_success

        when, seen = self._stacks.pop((environment.name, stack_name), (0.0, None))
        if seen is not None and is_success(seen.status) and world.seconds() - when <= _YOUNG_SECONDS:
            return seen
        return world.platform.look(environment, stack_name)
