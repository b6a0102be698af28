"""Who waits for a unit that is blocked: said in the plan, since it is skipped when the plan is carried out."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from multi_env_lambda.model.plan import BlockedStep, DeployStep, Step

__all__ = ["told_to_wait"]


def told_to_wait(steps: Iterable[Step]) -> list[Step]:
    """The steps of one environment, dependencies first; those that need what is blocked say so in a note."""
    waiting: dict[str, str] = {}
    told: list[Step] = []
    for step in steps:
        if isinstance(step, BlockedStep):
            waiting[step.project] = f"{step.project}, which is blocked"
        elif isinstance(step, DeployStep) and (found := next((n for n in step.release.needs if n in waiting), None)):
            note = f"it needs {waiting[found]}, and is skipped until that is done"
            waiting[step.project] = f"{step.project}, which waits for {waiting[found]}"
            step = attrs.evolve(step, notes=(*step.notes, note))
        told.append(step)
    return told
