"""The cells of a stage get builds of their own, if there is work in more than one of them.

A run of a branch or a tag leaves them what is wanted there (``ci/wanted.py``), and ends. The dispatcher starts a build
for each, and when the last one has ended, another run of the branch: it takes up what they have left, and goes on to
the next stage. So there is no step that only one process could do, and no build may start another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.ci.subject import Cell
from multi_env_lambda.ci.wanted import place_of
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.stages import Stage, cells_of
from multi_env_lambda.operations.ci_kept import read_result
from multi_env_lambda.operations.dispatch import want, wanted_at
from multi_env_lambda.runs.passage import Passage
from multi_env_lambda.runs.report import Report
from multi_env_lambda.world import World

__all__ = ["Shares", "environments_of", "name_of", "share_out"]


@attrs.frozen(kw_only=True)
class Shares:
    """Who does what in a stage.

    Args:
        here: the names of the cells that this run works on itself. lost: the units that go no further in this run.
        report: what was handed on, and what the cells have said whose turn is over.
    """

    here: tuple[str, ...]
    lost: frozenset[str]
    report: Report


def share_out(passage: Passage, stage: Stage, work: Mapping[str, frozenset[str]]) -> Shares:
    """Leave cells to builds of their own, if that is worth it.

    Args:
        work: by the name of the cell in which there is something to do, the units.
    """
    assert passage.of is not None, "what is spread has a name"
    store, of = passage.world.store, passage.of
    had = {key for key, commit in passage.handed if commit == passage.commit}
    cells = {name_of(cell): cell for cell in cells_of(stage)}
    keys = {name: Cell(of=of, stage=stage[0].stage, place=name).key for name in cells}
    report = Report()
    for key in keys.values():
        report += _said(passage.world, key) if key in had else Report()
    left = [cell for cell in work if keys[cell] not in had]
    over = {unit for cell, units in work.items() if keys[cell] in had for unit in units}
    if len(left) < 2 and not any(_is_under_way(passage.world, keys[cell]) for cell in left):
        return Shares(here=tuple(left), lost=frozenset(over), report=report)
    for cell in left:
        want(store, keys[cell], only=tuple(sorted(work[cell])))
    handed = tuple((keys[cell], passage.commit) for cell in left)
    notes = tuple(f"{place.name} has a build of its own" for cell in left for place in cells[cell])
    over |= {unit for cell in left for unit in work[cell]}
    return Shares(here=(), lost=frozenset(over), report=report + Report(handed=handed, notes=notes))


def environments_of(passage: Passage, cell: Cell) -> Stage:
    """Where the run of a cell works; nowhere, if the table no longer has such a cell."""
    stages = [stage for stage in passage.stages if stage[0].stage == cell.stage]
    return next((found for stage in stages for found in cells_of(stage) if name_of(found) == cell.place), ())


def name_of(cell: Stage) -> str:
    """Its account and region."""
    return f"{cell[0].account_id}/{cell[0].region}"


def _is_under_way(world: World, key: str) -> bool:
    there = wanted_at(world.store, place_of(key))
    return there is not None and there.state != "done"


def _said(world: World, key: str) -> Report:
    """How the run of a cell ended."""
    there = wanted_at(world.store, place_of(key))
    document = None if there is None else read_result(world.store, there.id, there.build)
    if document is None:
        return Report()
    return Report(
        results=tuple(_result(one) for one in document.get("results", ())),
        stops=tuple(map(str, document.get("stops", ()))),
        failures=tuple(map(str, document.get("failures", ()))),
    )


def _result(document: Mapping[str, Any]) -> Result:
    known = {field.name for field in attrs.fields(Result)}
    return Result(**{name: value for name, value in document.items() if name in known})
