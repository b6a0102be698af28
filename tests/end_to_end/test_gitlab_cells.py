"""A push through a stage with two cells at GitLab: what is left for them really runs, on the local cloud."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from multi_env_lambda.model.gitlab import CELLS_FILE, PIPELINE
from multi_env_lambda.plan.gitlab_pipeline import JOB

from .host_machine import HostMachine, host_machine
from .stage import commit, git
from .test_gitlab import SECRETS, Runner

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]


def run(machine: HostMachine, job: dict[str, Any], **more: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    number, clone = machine.clone()
    variables = {
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_SHA": git(clone, "rev-parse", "HEAD"),
        "CI_JOB_ID": str(number),
        "CI_JOB_TOKEN": "a-token-of-gitlab",
        "CI_PIPELINE_SOURCE": "push",
        "CI_PROJECT_PATH": "acme/units",
        "CI_PROJECT_URL": f"file://{os.fspath(machine.origin).removesuffix('.git')}",
        "CI_SERVER_URL": "https://gitlab.com",
        "GITLAB_CI": "true",
        "MULTI_ENV_LAMBDA_TOKEN": "an-id-token",
    }
    given = {**variables, **job["variables"], **more}
    done = machine.run(job["script"], clone, Runner(machine).keys(), given, SECRETS)
    assert done.returncode == 0, done.stdout + done.stderr
    return clone, done


def test_each_cell_is_a_job_of_the_pipeline_that_was_left(tmp_path: Path) -> None:
    with host_machine(tmp_path, "gitlab", stage=("test", "staging")) as machine:
        commit(machine.root)
        git(machine.root, "push", "-q", "origin", "HEAD:refs/heads/main")
        head = git(machine.root, "rev-parse", "HEAD")
        main = yaml.safe_load((machine.root / PIPELINE).read_text("utf-8"))[JOB]
        clone, said = run(machine, main, CI_COMMIT_BEFORE_SHA="0" * 40)
        assert machine.runs() == [head, "", "", ""], said.stderr
        child = yaml.safe_load((clone / CELLS_FILE).read_text("utf-8"))
        assert len(child) == 3 and list(child)[-1] == "go-on"

        for number, job in enumerate(list(child.values())[:2]):
            _, said = run(machine, job, CI_PIPELINE_SOURCE="parent_pipeline")
            assert len([one for one in machine.runs() if one]) == number + 2, said.stderr
        _, said = run(machine, child["go-on"], CI_PIPELINE_SOURCE="parent_pipeline")
        assert machine.runs()[:3] == [head] * 3 and "prod waits for somebody else" in said.stderr

        clone, _ = run(machine, main, CI_PIPELINE_SOURCE="schedule")
        assert list(yaml.safe_load((clone / CELLS_FILE).read_text("utf-8"))) == ["nothing"]
