"""Which units wait for a blocked unit: shown in the plan, because they are skipped when the plan is applied.

A unit that is named alone does not wait for one that was not named, as long as that runs in the environment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Step
from multi_env_lambda.model.record import Record
from multi_env_lambda.wording import Advice, advice

__all__ = ["beside_broken", "told_to_wait"]


def beside_broken(
    steps: Iterable[Step], broken: Collection[str], target: Environment, records: Mapping[tuple[str, str], Record]
) -> list[Step]:
    """The steps of one environment, each with a note about the broken units that it needs and that were not named.

    Args:
        broken: units that cannot be built.
    """
    found = list(steps)
    others = frozenset(broken) - {step.project for step in found}

    def running(name: str) -> str:
        record = records.get((target.name, name))
        return "" if record is None or record.running is None else record.running.version

    return [
        _beside(step, {need: running(need) for need in step.release.needs if need in others})
        if isinstance(step, DeployStep)
        else step
        for step in found
    ]


def _beside(step: DeployStep, needs: Mapping[str, str]) -> Step:
    """Args:
    needs: the broken units that it needs, with the version that runs; empty if none does.
    """
    absent = next((name for name, version in needs.items() if not version), None)
    if absent is not None:
        return BlockedStep(
            project=step.project,
            environment=step.environment,
            kind="Refused",
            what=f"it needs {absent}, which is broken and does not run in {step.environment}",
            hint=advice(
                "correct {} and deploy it first: `{}` says what is wrong with it",
                absent,
                Advice("plan.py", "workspace.plan()"),
            ),
        )
    notes = (
        f"it needs {name}, which is broken; {version} of it runs here and stays" for name, version in needs.items()
    )
    return attrs.evolve(step, notes=(*step.notes, *notes))


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
