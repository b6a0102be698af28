"""What is looked at from time to time: what was changed by hand, and what still waits for somebody."""

from __future__ import annotations

from multi_env_lambda.flow.drifted import UnitDrift
from multi_env_lambda.model.waiting import command_for
from multi_env_lambda.operations.dispatch import waiting
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.runs.look import Seen
from multi_env_lambda.runs.report import Report

__all__ = ["keep_up"]


def keep_up(seen: Seen) -> Report:
    """Drift of every stack, unit by unit, and what waits in front of which environment."""
    notes = [text for unit in find_drift(seen.protected) if (text := _said(unit))]
    waits = (
        f"{one.environment} waits for {one.digest[:12]}; `{command_for(one.environment, one.digest)}`"
        for one in waiting(seen.protected.store)
    )
    return Report(notes=(*notes, *waits))


def _said(unit: UnitDrift) -> str:
    """What differs in one stack; empty if nothing does."""
    if unit.problem:
        return f"{unit.environment} {unit.project} could not be compared: {unit.problem}"
    return f"{unit.environment} {unit.project} was changed by hand: {', '.join(unit.names)}" if unit.drifted else ""
