"""The results of steps in which nothing was done, and why."""

from __future__ import annotations

from typing import assert_never

from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.result import Result
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import Phase, ProgressEvent, World

__all__ = ["not_begun", "skipped", "still", "tell"]


def still(world: World, step: Step) -> Result:
    """The result of a step in which nothing is done."""
    match step:
        case UnchangedStep():
            tell(world, step.project, step.environment, "unchanged", step.why)
            return Result(
                project=step.project,
                environment=step.environment,
                outcome="unchanged",
                version=step.version,
                release=step.release,
                detail=step.why,
            )
        case NewerStep():
            tell(world, step.project, step.environment, "unchanged", step.what)
            return Result(
                project=step.project,
                environment=step.environment,
                outcome="newer",
                version=step.version,
                release=step.release,
                detail=step.what,
                hint=step.hint,
            )
        case RemovedStep():
            ends = unit_call("destroy", step.project, step.environment)
            detail = advice("its folder is gone, but it still runs here; `{}` removes it", ends)
            return Result(project=step.project, environment=step.environment, outcome="removed", detail=detail)
        case BlockedStep():
            tell(world, step.project, step.environment, "failed", step.what)
            return step.result
        case DeployStep():
            raise AssertionError(step.project)
        case _:
            assert_never(step)


def skipped(world: World, project: str, environment: str, need: str) -> Result:
    """The result of a step that lacks what it needs."""
    detail = f"{need} did not succeed"
    tell(world, project, environment, "skipped", detail)
    return Result(project=project, environment=environment, outcome="skipped", detail=detail)


def not_begun(world: World, step: Step, ended: SessionEnded) -> Result:
    """The result of a step that was to come after the session had ended."""
    if not isinstance(step, DeployStep):
        return still(world, step)
    tell(world, step.project, step.environment, "not begun", "")
    return Result(
        project=step.project,
        environment=step.environment,
        outcome="not begun",
        detail=f"{ended.where}: {ended.what}",
        hint=ended.hint,
        error=type(ended).__name__,
    )


def tell(world: World, project: str, environment: str, phase: Phase, text: str) -> None:
    """Report what became of a unit."""
    world.reported(ProgressEvent(project=project, environment=environment, phase=phase, text=text))
