"""Units begin as fast as their account allows, and one that AWS throttled inside of its stack begins again."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from multi_env_lambda.errors import StackError
from multi_env_lambda.host.pace import CREATION, UPDATE, Pace
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.result import Result
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["at_its_pace", "paced"]

Answer = TypeVar("Answer")

_MOST_TRIES = 5
_THROTTLED = re.compile(r"rate exceeded|too ?many ?requests|HandlerErrorCode: Throttling", re.IGNORECASE)
"""What CloudFormation says of a resource whose service throttled it, in the words of several services."""


def paced(world: World, step: DeployStep, run: Callable[[bool], Result]) -> Result:
    """Run the step when its turn has come; in the local cloud that is at once.

    Args:
        run: called with whether it is tried again, so that what was known before counts no more.

    Raises:
        MultiEnvLambdaError: what ``run`` raised.
    """
    if world.paces is None:
        return run(False)
    place = world.config.environment(step.environment)
    warning = partial(ProgressEvent, project=step.project, environment=step.environment, phase="warning")
    return at_its_pace(
        world.paces.of(place.account_id, place.region),
        CREATION if step.running is None else UPDATE,
        run,
        lambda text: world.reported(warning(text=text)),
    )


def at_its_pace(pace: Pace, cost: float, run: Callable[[bool], Answer], say: Callable[[str], None]) -> Answer:
    """The same for anything that changes a stack.

    Raises:
        MultiEnvLambdaError: what ``run`` raised, except for throttling after which the stack is as it was before.
    """
    for number in range(1, _MOST_TRIES + 1):
        pace.begin(cost)
        try:
            answer = run(number > 1)
        except StackError as error:
            throttled = _THROTTLED.search(error.what) is not None
            if throttled:
                pace.ended(throttled=True)
            if number == _MOST_TRIES or not throttled or not error.put_back:
                raise
            say("AWS throttled the stack, which is as it was before; it begins again")
        else:
            pace.ended(throttled=False)
            return answer
    raise AssertionError(_MOST_TRIES)
