"""Who may do what from now on, as lines: all of them, since a right that nobody sees is one that nobody agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multi_env_lambda.model.plan import DeployStep
    from multi_env_lambda.model.right import RightChange

__all__ = ["TITLE", "right_line", "rights_lines"]

TITLE = "who may do what from now on"


def rights_lines(steps: Iterable[DeployStep]) -> Iterator[tuple[str, bool]]:
    """A line for each right that changes, with the unit before its first, and whether it is beyond the ordinary."""
    for step in steps:
        for number, change in enumerate(step.rights):
            if not number:
                yield f"    {step.project}", False
            yield f"      {right_line(change)}", bool(change.alarms)


def right_line(change: RightChange) -> str:
    """The change, and what about it is beyond the ordinary."""
    alarms = ", ".join(change.alarms)
    return f"{change}  ! {alarms}" if alarms else str(change)
