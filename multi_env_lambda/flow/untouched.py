"""The results of steps in which nothing was done, and why."""

from __future__ import annotations

from typing import assert_never

from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.result import Result
from multi_env_lambda.world import World

__all__ = ["not_begun", "skipped", "still"]


def still(world: World, step: Step) -> Result:
    """The result of a step in which nothing is done."""
    match step:
        case UnchangedStep():
            world.tell(step.project, step.environment, "unchanged", step.why)
        case NewerStep():
            world.tell(step.project, step.environment, "unchanged", step.what)
        case BlockedStep():
            world.tell(step.project, step.environment, "failed", step.what)
        case RemovedStep():
            pass
        case DeployStep():
            raise AssertionError(step.project)
        case _:
            assert_never(step)
    return step.result


def skipped(world: World, project: str, environment: str, need: str) -> Result:
    """The result of a step that lacks what it needs."""
    detail = f"{need} did not succeed"
    world.tell(project, environment, "skipped", detail)
    return Result(project=project, environment=environment, outcome="skipped", detail=detail)


def not_begun(world: World, step: Step, ended: SessionEnded) -> Result:
    """The result of a step that was to come after the session had ended."""
    if not isinstance(step, DeployStep):
        return still(world, step)
    world.tell(step.project, step.environment, "not begun")
    return Result(
        project=step.project,
        environment=step.environment,
        outcome="not begun",
        detail=f"{ended.where}: {ended.what}",
        hint=ended.hint,
        error=type(ended).__name__,
    )
