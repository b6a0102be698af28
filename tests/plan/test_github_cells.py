"""The jobs at GitHub for a stage with several cells: which there are, in which order, and what they may do."""

from __future__ import annotations

from typing import Any

import attrs
import yaml

from multi_env_lambda.model.github import GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.github_cells import CELL, GO_ON, GO_ON_LEAVING, stages_with_cells
from multi_env_lambda.plan.github_steps import INSTALL
from multi_env_lambda.plan.github_workflow import RUN, RUN_LEAVING, workflow
from multi_env_lambda.testing.local_cloud import sample_config
from tests.plan.test_github_workflow import LIBRARY

GITHUB = GitHub(repository="acme/units", owner_id=7, repository_id=8)


def config(*wide: str, reviewed: tuple[str, ...] = ()) -> WorkspaceConfig:
    """A chain of which some environments have one in another region beside them."""
    found = sample_config()
    places = []
    for place in found.environments:
        places.append(attrs.evolve(place, stage="both" if place.name in wide else "", approval=place.name in reviewed))
        if place.name in wide:
            stage = f"{place.name}-stage"
            places[-1] = attrs.evolve(places[-1], stage=stage)
            places.append(attrs.evolve(place, name=f"{place.name}-eu", stage=stage, region="eu-central-1"))
    github = attrs.evolve(GITHUB, reviewed=reviewed)
    return attrs.evolve(found, roles=Roles(prefix="acme"), github=github, environments=tuple(places))


def written(found: WorkspaceConfig) -> str:
    return workflow(found, LIBRARY, own_decisions=False)


def jobs(found: WorkspaceConfig) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(written(found))["jobs"]
    return made


def scripts(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_without_such_a_stage_the_file_is_as_it_was() -> None:
    assert set(jobs(config())) == {"ask", "look", "plan"}
    assert "--leave-cells" not in written(config()) and "matrix" not in written(config())
    assert stages_with_cells(config()) == 0 and scripts(jobs(config())["look"]) == [INSTALL, RUN]


def test_a_matrix_has_a_job_for_each_cell_that_is_left_and_one_goes_on() -> None:
    found = jobs(config("prod"))

    assert set(found) == {"ask", "look", "cells-1", "go-on-1", "plan"}
    assert found["look"]["outputs"] == {"cells_left": "${{ steps.run.outputs.cells_left }}"}
    cell = found["cells-1"]
    assert cell["strategy"] == {
        "fail-fast": False,
        "matrix": {"cell": "${{ fromJSON(needs.look.outputs.cells_left || '[]') }}"},
    }
    assert cell["needs"] == "look" and cell["if"].endswith("needs.look.outputs.cells_left != ''")
    assert "github.ref == 'refs/heads/main'" in cell["if"] and cell["if"].startswith("!cancelled() &&")
    assert cell["concurrency"] == {"group": "multi-env-lambda-${{ matrix.cell }}", "queue": "max"}
    assert cell["steps"][-1]["env"]["CELL"] == "${{ matrix.cell }}"
    assert found["go-on-1"]["if"] == "!cancelled() && needs.cells-1.result != 'skipped'"
    assert "outputs" not in found["go-on-1"]
    for job in (cell, found["go-on-1"]):
        assert job["permissions"] == found["look"]["permissions"] and "environment" not in job
    assert [scripts(found[name]) for name in ("look", "cells-1", "go-on-1")] == [
        [INSTALL, RUN_LEAVING],
        [INSTALL, CELL],
        [INSTALL, GO_ON],
    ]
    assert not any("${{" in script for script in (CELL, GO_ON, GO_ON_LEAVING, RUN_LEAVING))


def test_each_such_stage_has_a_matrix_of_its_own() -> None:
    found = jobs(config("staging", "prod"))

    assert found["cells-2"]["needs"] == "go-on-1"
    assert found["go-on-1"]["outputs"] == {"cells_left": "${{ steps.run.outputs.cells_left }}"}
    assert scripts(found["go-on-1"]) == [INSTALL, GO_ON_LEAVING]
    assert scripts(found["go-on-2"]) == [INSTALL, GO_ON]


def test_who_reviews_is_asked_by_what_goes_on_too() -> None:
    found = jobs(config("staging", reviewed=("prod",)))

    assert found["show-prod"]["needs"] == ["look", "go-on-1"]
    shown = found["show-prod"]["steps"][-1]["env"]["DIGEST"]
    assert shown == "${{ needs.go-on-1.outputs.prod || needs.look.outputs.prod }}"
    assert found["go-on-1"]["outputs"] == {"prod": "${{ steps.run.outputs.prod }}"}
    assert set(found["look"]["outputs"]) == {"prod", "cells_left"}
