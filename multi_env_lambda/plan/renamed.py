"""Whether a unit that is new may be one whose folder no longer exists: nothing but a person knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from multi_env_lambda.model.plan import DeployStep, RemovedStep, Step
from multi_env_lambda.model.reading import enumerated
from multi_env_lambda.wording import advice, unit_call

__all__ = ["new_names"]


def new_names(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps; if a unit is new and the folder of another no longer exists, with a note in case it was renamed."""
    found = tuple(steps)
    gone: dict[str, list[str]] = {}
    for step in found:
        if isinstance(step, RemovedStep):
            gone.setdefault(step.environment, []).append(step.project)
    return tuple(_with_old_name(step, gone.get(step.environment, [])) for step in found)


def _with_old_name(step: Step, gone: Sequence[str]) -> Step:
    if not gone or not isinstance(step, DeployStep) or step.running is not None:
        return step
    note = advice(
        "if this is {} under a new name: it starts empty. Data, addresses and names of functions stay with the old "
        "stack, which runs on until `{}`",
        enumerated(gone),
        unit_call("destroy", gone[0], step.environment),
    )
    return attrs.evolve(step, notes=(*step.notes, note))
