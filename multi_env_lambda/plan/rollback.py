"""Which deployment "the one before" is."""

from __future__ import annotations

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
        arrived = _arrival(running, past)
        choices = tuple(item for item in choices if item.sequence < arrived)
    return choices[-1] if choices else None


def _arrival(running: Deployment, past: tuple[Deployment, ...]) -> int:
    """When what runs came here going forward: after a rollback, "the one before" is the one before *that*."""
    forward = (item for item in past if item.action != "rollback" and item.outcome == "succeeded")
    return max((item.sequence for item in forward if item.release == running.release), default=running.sequence)
