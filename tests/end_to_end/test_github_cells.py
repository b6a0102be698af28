"""A push through a stage with two cells at GitHub: a job for each, then one that goes on; on the local cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .github_runner import PLACES, github, push

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]


def test_each_cell_is_a_process_of_its_own_and_the_next_stage_follows(tmp_path: Path) -> None:
    with github(tmp_path, stage=("test", "staging")) as runner:
        head = runner.push("the first")
        said = runner.run("look", "push", push(head), run=5)
        assert runner.runs() == [head, "", "", ""], said
        cells = json.loads(runner.left["${{ needs.look.outputs.cells_left }}"])
        assert len(cells) == 2 and all(cell.startswith("cell both ") for cell in cells)
        for number, cell in enumerate(cells):
            runner.left["${{ matrix.cell }}"] = cell
            said = runner.run("cells-1", "push", push(head), run=5)
            assert [bool(found) for found in runner.runs()].count(True) == number + 2, said
        said = runner.run("go-on-1", "push", push(head), run=5)

        assert runner.runs() == [head] * 4, said
        kept = runner.made.run("history", "customers", "--json").answer
        jobs = {place: kept[place][-1]["reason"].split()[1].rstrip(":") for place in PLACES}
        assert len({jobs[place][:24] for place in PLACES}) == 3, jobs  # each cell has a job, and the branch has one
