"""What a field of the matrix says."""

from __future__ import annotations

import pytest

from multi_env_lambda.model.record import RolledBack
from multi_env_lambda.model.status import Cell
from multi_env_lambda.show.marks import KINDS, MARKS, marks_of

BACK = RolledBack(release="r", version="1.0", who="ada", when="2026-01-01T00:00:00Z")


def kinds(**values: object) -> list[str]:
    return [mark.kind for mark in marks_of(Cell(project="orders", environment="prod", **values))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["empty"]),
        ({"version": "1.0"}, ["current"]),
        ({"version": "1.0", "drift": ()}, ["current"]),
        ({"version": "1.0", "behind": True}, ["behind"]),
        ({"version": "1.0", "newer": True, "behind": True}, ["newer", "behind"]),
        ({"version": "1.0", "failed": "x", "behind": True}, ["failed", "behind"]),
        ({"version": "1.0", "rolled_back": BACK, "drift": ("A/B",)}, ["drifted", "rolled-back"]),
        ({"failed": "x", "held_by": "ada"}, ["changing", "failed"]),
        ({"version": "1.0", "failed": ""}, ["failed"]),
        ({"version": "1.0", "unreadable": "it is no JSON", "behind": True}, ["unreadable", "behind"]),
        ({"version": "1.0", "moved": "it runs in eu-west-1", "behind": True}, ["moved", "behind"]),
    ],
)
def test_a_cell_says_everything_that_is_true_most_urgent_first(values: dict[str, object], expected: list[str]) -> None:
    assert kinds(**values) == expected


def test_every_mark_has_a_glyph_and_a_word_of_its_own() -> None:
    assert len({mark.glyph for mark in MARKS.values()}) == len({mark.word for mark in MARKS.values()}) == len(KINDS)
