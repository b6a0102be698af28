"""The matrix marks what runs of a later commit than the one that is checked out."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import attrs
import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.ancestry import Kin, Past
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.operations.newer import with_newer
from multi_env_lambda.testing.world import FakeWorld
from multi_env_lambda.world import Maker

from .worlds import chain, deploy


def matrix(fake: FakeWorld) -> Status:
    units = tuple(project.name for project in fake.world.projects)
    return make_status(fake.world.config, units, read_records(fake.world, fake.world.config.environments))


def newer(status: Status) -> set[tuple[str, str]]:
    return {(cell.environment, cell.project) for cell in status.cells if cell.newer}


def test_what_a_colleague_deployed_from_a_later_commit_is_marked_where_it_runs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.tree.pasts |= {"c" * 40: Past(kin="ancestor", there={"projects/search": "x"}, common={"projects/search": "x"})}
    fake.tree.content["search"], fake.tree.commit = "s2", "d" * 40
    deploy(fake)
    fake.tree.pasts |= {"c" * 40: Past(kin="ancestor"), "d" * 40: Past(kin="newer")}

    found = with_newer(fake.world, matrix(fake))

    assert newer(found) == {("sandbox", "search")}
    assert "↑ newer" in found.text()
    assert "newer than your work tree" in found._repr_html_()
    assert [cell["newer"] for cell in found.to_dict()["cells"] if cell["environment"] == "test"] == [False] * 3
    assert {"c" * 40, "d" * 40} == set(fake.tree.asked[-1])


@pytest.mark.parametrize("kin", ["ancestor", "diverged", "rewritten", "unknown"])
def test_no_other_commit_is_called_newer(tmp_path: Path, kin: Kin) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.pasts |= {"c" * 40: Past(kin=kin)}

    assert newer(with_newer(fake.world, matrix(fake))) == set()


def test_without_git_there_is_a_matrix_and_nothing_is_marked(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    status = matrix(fake)

    class NoGit:
        def pasts(self, asked: object) -> dict[str, Past]:
            raise ToolError("git", "not found", hint="install it")

    world = attrs.evolve(fake.world, maker=cast("Maker", NoGit()))

    assert with_newer(world, status) == status
