"""A push through a stage with two cells: each has a build, and after the last one the branch continues."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bootstrapped import bootstrapped
from .stage import commit, git
from .test_the_whole_chain import CI, PLACES, Chain

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]

BOTH = ("test", "staging")


def test_each_cell_has_a_build_with_the_same_role_and_the_next_stage_follows(tmp_path: Path) -> None:
    with bootstrapped(tmp_path / "workspace", units=("customers",), more=CI) as made:
        root, chain = made.stage.root, Chain(made, "")
        table = (root / "pyproject.toml").read_text("utf-8")
        for name in BOTH:
            table = table.replace(f'name = "{name}"\n', f'name = "{name}"\nstage = "both"\n')
        (root / "pyproject.toml").write_text(table, "utf-8")
        commit(root)
        head = git(root, "rev-parse", "HEAD")

        pushed = chain.local("push")

        assert pushed.code == 0, pushed.err
        assert pushed.answer["outcome"].startswith("done"), pushed.err
        assert chain.runs() == [head] * 4, pushed.err
        assert len(chain.builds()) == 4, pushed.err  # the branch, its two cells, and the branch that continues
        kept = made.run("history", "customers", "--json").answer
        jobs = {place: kept[place][-1]["reason"].split()[1].rstrip(":") for place in PLACES}
        assert len({jobs[place][:24] for place in PLACES}) == 3, jobs  # each cell has a job, and the branch has one
        assert {":assumed-role/acme-build/" in str(kept[place][-1]) for place in PLACES} == {True}, "nobody else acted"
