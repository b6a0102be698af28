"""Which deployment "the one before" is."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.record import Deployment

__all__ = ["release_before", "rollback_choices"]


def rollback_choices(running: Deployment | None, past: tuple[Deployment, ...]) -> tuple[Deployment, ...]:
    """Every deployment that can be brought back, oldest first: it ended well, and is not what runs."""
    return tuple(
        item for item in past if item.outcome == "succeeded" and (running is None or item.release != running.release)
    )


def release_before(running: Deployment | None, past: tuple[Deployment, ...]) -> Deployment | None:
    """What a rollback takes when nothing was named; None where nothing came before."""
    choices = rollback_choices(running, past)
    if running is not None:
        number = _number_of(running, past)
        choices = tuple(item for item in choices if item.sequence < number)
    return choices[-1] if choices else None


def _number_of(running: Deployment, past: tuple[Deployment, ...]) -> int:
    """The number that a deployment has in the history: a record that was deleted by hand began anew at 1."""
    same = (item.sequence for item in past if attrs.evolve(item, sequence=running.sequence) == running)
    return max(same, default=running.sequence)
