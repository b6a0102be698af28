"""The jobs at GitLab for a stage with several cells: the pipeline that one job leaves for them, and what starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.gitlab import CELLS_FILE
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.gitlab_pipeline import (
    BECOME,
    CELL,
    GO_ON,
    INSTALL,
    JOB,
    RUN,
    RUN_LEAVING,
    cells_pipeline,
    pipeline,
)
from tests.plan.test_github_cells import config as with_cells
from tests.plan.test_github_workflow import LIBRARY
from tests.plan.test_gitlab_pipeline import CONFIG, GITLAB
from tests.tools.yaml_files import yaml_in

CELLS = (("prod-stage 555555555555/us-east-1", "0" * 24), ("prod-stage 555555555555/eu-central-1", "1" * 24))
NAMES = [f"{number} {name}" for number, (name, _) in enumerate(CELLS, 1)]


def config() -> WorkspaceConfig:
    return attrs.evolve(with_cells("prod"), github=None, gitlab=GITLAB)


def main() -> dict[str, Any]:
    found: dict[str, Any] = yaml_in(pipeline(config(), LIBRARY))
    return found


def child(*cells: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = yaml_in(cells_pipeline(config(), LIBRARY, cells))
    return found


def test_without_such_a_stage_the_file_is_as_it_was() -> None:
    found = yaml_in(pipeline(CONFIG, LIBRARY))

    assert f"{JOB}-cells" not in found and "artifacts" not in found[JOB]
    assert found[JOB]["script"] == [BECOME, INSTALL, RUN] and found[JOB]["needs"] == []


def test_the_job_leaves_a_pipeline_and_the_next_one_starts_it_and_keeps_others_out() -> None:
    found, starts = main(), main()[f"{JOB}-cells"]

    assert found[JOB]["script"] == [BECOME, INSTALL, RUN_LEAVING]
    assert found[JOB]["artifacts"] == {"expire_in": "1 day", "paths": [CELLS_FILE], "when": "always"}
    assert starts["rules"] == [{**found[JOB]["rules"][0], "when": "always"}]
    assert starts["needs"] == [JOB] and starts["resource_group"] == found[JOB]["resource_group"]
    assert starts["trigger"] == {
        "include": [{"artifact": CELLS_FILE, "job": JOB}],
        "strategy": "depend",
        "forward": {"yaml_variables": False, "pipeline_variables": False},
    }
    assert "variables" not in starts and starts["inherit"] == {"default": False, "variables": False}


def test_each_cell_has_a_job_and_one_goes_on_whatever_became_of_them() -> None:
    found = child(*CELLS)

    assert list(found) == [*NAMES, "go-on"]
    assert [found[name]["variables"]["MULTI_ENV_LAMBDA_CELL"] for name in NAMES] == ["0" * 24, "1" * 24]
    assert found["go-on"]["needs"] == NAMES and found["go-on"]["rules"][0]["when"] == "always"
    assert [job["script"][2] for job in found.values()] == [CELL, CELL, GO_ON]
    for job in found.values():
        assert job["rules"][0]["if"] == '$CI_PIPELINE_SOURCE == "parent_pipeline"'
        assert "resource_group" not in job, "the job that started them has it, and would wait for them for ever"
        assert job["inherit"] == {"default": False, "variables": False}
        assert job["variables"]["MULTI_ENV_LAMBDA_ROLE"] == main()[JOB]["variables"]["MULTI_ENV_LAMBDA_ROLE"]
        assert job["id_tokens"] == main()[JOB]["id_tokens"]
    assert all(found[name]["needs"] == [] for name in NAMES)


def test_with_nothing_left_the_pipeline_clones_and_installs_nothing() -> None:
    (job,) = child().values()

    assert job["script"] == ["true"] and job["variables"] == {"GIT_STRATEGY": "none"}
    assert "id_tokens" not in job


@pytest.mark.slow
def test_all_are_pipelines_by_gitlabs_schema(tmp_path: Path) -> None:
    program, files = Path(sys.executable).parent / "check-jsonschema", [tmp_path / f"{name}.yml" for name in "abc"]
    texts = [pipeline(config(), LIBRARY), *(cells_pipeline(config(), LIBRARY, some) for some in (CELLS, ()))]
    for path, text in zip(files, texts, strict=True):
        path.write_text(text, "utf-8")
    words = [program, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
