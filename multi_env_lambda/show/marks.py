"""What one cell of the matrix says, as a glyph and a word each, so that nobody depends on colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import attrs

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Outcome
    from multi_env_lambda.model.status import Cell

__all__ = ["KINDS", "MARKS", "Kind", "Mark", "marks_of", "outcome_text"]

Kind = Literal[
    "unreadable",
    "changing",
    "failed",
    "moved",
    "unreleased",
    "uncompared",
    "drifted",
    "rolled-back",
    "newer",
    "behind",
    "current",
    "empty",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Most urgent first: the first one that is true of a cell sets its colour."""


@attrs.frozen(kw_only=True)
class Mark:
    """One thing that is true of a cell."""

    kind: Kind
    glyph: str
    word: str


MARKS: dict[Kind, Mark] = {
    mark.kind: mark
    for mark in (
        Mark(kind="unreadable", glyph="?", word="unreadable"),
        Mark(kind="changing", glyph="…", word="changing"),
        Mark(kind="failed", glyph="✗", word="failed"),
        Mark(kind="moved", glyph="⇢", word="elsewhere"),
        Mark(kind="unreleased", glyph="✎", word="saved files"),
        Mark(kind="uncompared", glyph="≟", word="not compared"),
        Mark(kind="drifted", glyph="≠", word="drifted"),
        Mark(kind="rolled-back", glyph="↩", word="rolled back"),
        Mark(kind="newer", glyph="↑", word="newer than your work tree"),
        Mark(kind="behind", glyph="←", word="behind"),
        Mark(kind="current", glyph="✓", word="current"),
        Mark(kind="empty", glyph="–", word="nothing"),
    )
}


def marks_of(cell: Cell) -> tuple[Mark, ...]:
    """Everything that is true of a cell, most urgent first; at least one."""
    true_ones: dict[Kind, bool] = {
        "unreadable": cell.unreadable is not None,
        "changing": cell.held_by is not None,
        "failed": cell.failed is not None,
        "moved": cell.moved is not None,
        "unreleased": cell.unreleased is not None,
        "uncompared": cell.uncompared is not None and cell.moved is None,
        "drifted": bool(cell.drift),
        "rolled-back": cell.rolled_back is not None,
        "newer": cell.newer,
        "behind": cell.behind and cell.version is not None,
    }
    found = [MARKS[kind] for kind in KINDS if true_ones.get(kind, False)]
    if not found:
        found.append(MARKS["empty" if cell.version is None else "current"])
    return tuple(found)


def outcome_text(outcome: Outcome) -> str:
    """How a deployment ended, in the word that people read; records and JSON keep the one that was always stored."""
    return "rolled back" if outcome == "went back" else outcome
