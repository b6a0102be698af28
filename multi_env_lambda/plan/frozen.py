"""The question before a person changes what somebody has frozen."""

from __future__ import annotations

from collections.abc import Iterable

from multi_env_lambda.model.freeze import Freeze
from multi_env_lambda.model.plan import Question

__all__ = ["frozen_questions"]


def frozen_questions(project: str, environment: str, freezes: Iterable[Freeze]) -> tuple[Question, ...]:
    """One for all freezes that the unit is under there; the hold of a rollback asks a person nothing."""
    found = [one for one in freezes if one.environment == environment and one.is_about(project)]
    if not found:
        return ()
    text = "\n".join(one.fact for one in found)
    return (Question(kind="frozen", text=text, answer=f"frozen:{project}"),)
