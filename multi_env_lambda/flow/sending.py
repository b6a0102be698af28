"""The template that a step sends, checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from multi_env_lambda.flow.check import check_concurrency, check_references, say_endings
from multi_env_lambda.flow.lent import lent_parameters
from multi_env_lambda.flow.publish import template_of
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.plan.keeping import template_to_send
from multi_env_lambda.world import Phase, World

__all__ = ["template_of_step"]


def template_of_step(
    world: World, step: DeployStep, made: MadeRelease | None, there: str | None, say: Callable[[Phase, str], None]
) -> str:
    """The release's template, plus what is kept of the stack's own; warnings about it are reported.

    Raises:
        ConfigurationError: something that it names does not exist, or the account lacks what its functions reserve.
    """
    environment = world.config.environment(step.environment)
    check_references(world.platform, environment, step.release)
    template = template_to_send(step.action, template_of(world, step.release, environment, made), there)
    lent_parameters(world.platform, environment, template)
    check_concurrency(world.platform, environment, template)
    if made is None:
        say_endings(world, template, partial(say, "warning"))
    else:
        say("publish", f"{len(made.news)} objects")
    return template
