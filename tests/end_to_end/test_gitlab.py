"""The pipeline that `ci write gitlab` writes, each script of it run by a shell as a runner would, on the local cloud.

Played are GitLab's own part, which is the clone, the variables and the token, and the programs of the image.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from botocore.exceptions import ClientError

from multi_env_lambda.model.gitlab import GITLAB, PIPELINE
from multi_env_lambda.plan.gitlab_pipeline import JOB, PLAN_JOB
from tests.tools.gitlab_server import TOKEN, gitlab_server

from .host_machine import BUILD, PLAN, HostMachine, host_machine
from .stage import commit, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

SECRETS = ("a-token-of-gitlab", "an-id-token", TOKEN)
SUBJECT = "project_path:acme/units:ref_type:branch:ref:main"
HOSTILE = "feat/$(touch${IFS}pwned)`id`;'x"


@attrs.frozen
class Runner:
    """GitLab and its machine."""

    machine: HostMachine

    @property
    def root(self) -> Path:
        return self.machine.root

    def push(self, text: str, branch: str = "main") -> str:
        path = self.root / "projects/customers/customers/__init__.py"
        path.write_text(f"{path.read_text('utf-8')}# {text}\n", "utf-8")
        commit(self.root)
        git(self.root, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.root, "rev-parse", "HEAD")

    def keys(self, role: str = BUILD, **claims: str) -> dict[str, str]:
        usual = {"aud": "sts.amazonaws.com", "iss": f"https://{GITLAB}", "sub": SUBJECT}
        return self.machine.keys(role, "gitlab-1", {**usual, **claims})

    def run(self, source: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The one job; what it wrote."""
        number, clone = self.machine.clone()
        job: dict[str, Any] = yaml.safe_load((self.root / PIPELINE).read_text("utf-8"))[JOB]
        variables = {
            "CI_COMMIT_BRANCH": "main",
            "CI_JOB_ID": str(number),
            "CI_JOB_TOKEN": "a-token-of-gitlab",
            "CI_PIPELINE_SOURCE": source,
            "CI_COMMIT_BEFORE_SHA": "0" * 40,
            "CI_COMMIT_SHA": git(clone, "rev-parse", "HEAD"),
            "CI_PROJECT_PATH": "acme/units",
            "CI_PROJECT_URL": f"file://{os.fspath(self.machine.origin).removesuffix('.git')}",
            "CI_SERVER_URL": "https://gitlab.com",
            "GITLAB_CI": "true",
            "MULTI_ENV_LAMBDA_TOKEN": "an-id-token",
        }
        given = {**variables, **job["variables"], **more}
        return self.machine.run(job["script"], clone, self.keys(), given, SECRETS)

    def plan(self, branch: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The job of a merge request, which gets the subject of its branch."""
        number, clone = self.machine.clone()
        git(clone, "checkout", "-q", f"origin/{branch}")
        job: dict[str, Any] = yaml.safe_load((self.root / PIPELINE).read_text("utf-8"))[PLAN_JOB]
        variables = {
            "CI_JOB_ID": str(number),
            "CI_JOB_TOKEN": "a-token-of-gitlab",
            "CI_MERGE_REQUEST_IID": "9",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch,
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/units",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_PROJECT_PATH": "acme/units",
            "CI_PROJECT_URL": f"file://{os.fspath(self.machine.origin).removesuffix('.git')}",
            "CI_SERVER_URL": "https://gitlab.com",
            "GITLAB_CI": "true",
            "MULTI_ENV_LAMBDA_TOKEN": "an-id-token",
        }
        keys = self.keys(PLAN, sub=f"project_path:acme/units:ref_type:branch:ref:{branch}")
        given = {**variables, **job["variables"], **more}
        return self.machine.run(job["script"], clone, keys, given, SECRETS, PLAN)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with host_machine(tmp_path_factory.mktemp("gitlab"), "gitlab") as machine:
        yield Runner(machine)


@pytest.fixture(scope="module")
def pushed(runner: Runner) -> tuple[str, subprocess.CompletedProcess[str]]:
    """The first push, with which the file comes to the protected branch, and the job that it starts."""
    return runner.push("the first"), runner.run("push")


def test_a_push_walks_to_the_approval_and_the_schedule_goes_on_after_it(
    runner: Runner, pushed: tuple[str, subprocess.CompletedProcess[str]]
) -> None:
    first, done = pushed

    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.machine.runs() == [first, first, first, ""], done.stderr
    runner.machine.agree(done)
    # What a merge request brought is followed there, by the token that only this job has.
    link = {"CI_JOB_URL": "https://gitlab.com/acme/units/-/jobs/77"}
    with gitlab_server() as api:
        api.requests[first] = [{"iid": 7, "state": "merged", "target_branch": "main"}]
        done = runner.run("schedule", MULTI_ENV_LAMBDA_GITLAB_TOKEN=TOKEN, CI_API_V4_URL=api.address, **link)
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.machine.runs() == [first] * 4, done.stderr
    assert api.statuses[first][0]["status"] == "success", done.stderr
    assert len(api.notes[7]) == 1, done.stderr
    assert runner.machine.page.left == [], "each command of the page was followed"


def test_a_branch_of_any_name_changes_nothing_and_its_name_is_run_by_nobody(runner: Runner) -> None:
    before = runner.machine.runs()
    git(runner.root, "checkout", "-q", "-b", "feature")
    runner.push("not merged", HOSTILE)
    git(runner.root, "checkout", "-q", "-")
    done = runner.run("schedule", CI_COMMIT_MESSAGE="$(touch pwned)", CI_COMMIT_REF_NAME=HOSTILE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.machine.runs() == before
    assert [*runner.machine.folder.rglob("pwned"), *runner.root.rglob("pwned")] == []


def test_a_wheel_that_is_another_one_is_not_installed_and_another_branch_is_refused(runner: Runner) -> None:
    assert "did NOT match" in runner.run("push", MULTI_ENV_LAMBDA_SHA256="0" * 64).stderr
    done = runner.run("push", CI_COMMIT_BRANCH="feature")
    assert done.returncode != 0 and "expected the protected branch `main`" in done.stderr


@pytest.mark.long
@pytest.mark.usefixtures("pushed")
def test_a_merge_request_is_planned_by_a_role_that_may_only_read_and_its_note_is_said_by_the_protected_branch(
    runner: Runner,
) -> None:
    before = runner.machine.runs()
    git(runner.root, "checkout", "-q", "-b", "change")
    branch = f"{HOSTILE}9"
    commit = runner.push("not merged yet", branch)
    git(runner.root, "checkout", "-q", "-")
    done = runner.plan(branch, CI_MERGE_REQUEST_TITLE="$(touch pwned)", MULTI_ENV_LAMBDA_GITLAB_TOKEN=TOKEN)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"pull request 9 at {commit[:12]}, plan " in done.stderr and "was not said" not in done.stderr
    assert runner.machine.runs() == before
    with gitlab_server() as api:
        api.open = [
            {"iid": 9, "state": "opened", "target_branch": "main", "sha": commit}
            | {"source_project_id": 1, "target_project_id": 1}
        ]
        link = {"CI_JOB_URL": "https://gitlab.com/acme/units/-/jobs/77"}
        done = runner.run("pipeline", MULTI_ENV_LAMBDA_GITLAB_TOKEN=TOKEN, CI_API_V4_URL=api.address, **link)
    assert done.returncode == 0, done.stdout + done.stderr
    (note,) = api.notes[9]
    assert "### Merging this changes\n" in note["body"] and "`customers`" in note["body"], note["body"]
    assert runner.machine.runs() == before
    assert [*runner.machine.folder.rglob("pwned"), *runner.root.rglob("pwned")] == []


@pytest.mark.long
@pytest.mark.usefixtures("pushed")
def test_a_change_that_names_another_bucket_is_not_followed_there(runner: Runner) -> None:
    git(runner.root, "checkout", "-q", "-b", "elsewhere")
    table = runner.root / "pyproject.toml"
    kept = table.read_text("utf-8")
    table.write_text(re.sub(r'(bucket\s*=\s*")', r"\1x", kept), "utf-8")
    commit(runner.root)
    git(runner.root, "push", "-q", "origin", "HEAD:refs/heads/elsewhere")
    git(runner.root, "checkout", "-q", "-")
    done = runner.plan("elsewhere")

    assert done.returncode == 0 and "pull request 9 moves the bucket, so no plan is made of it" in done.stderr, done


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("build", {"sub": "project_path:acme/units:ref_type:branch:ref:feature"}),
        ("build", {"sub": "project_path:acme/units:ref_type:tag:ref:main"}),
        ("build", {"sub": "project_path:mallory/units:ref_type:branch:ref:main"}),
        ("build", {"aud": "https://gitlab.com"}),
        ("build", {"iss": "https://gitlab.example.org"}),
        ("plan", {"sub": "project_path:acme/units:ref_type:tag:ref:main"}),
        ("plan", {"sub": "project_path:mallory/units:ref_type:branch:ref:main"}),
        ("plan", {"sub": "project_path:acme/units-x:ref_type:branch:ref:main"}),
        ("plan", {"aud": "https://gitlab.com"}),
        ("developer", {}),
        ("approver", {}),
        ("dispatcher", {}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AssumeRoleWithWebIdentity"):
        runner.keys(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)


@pytest.mark.long
@pytest.mark.usefixtures("pushed")
def test_the_file_is_as_it_should_be(runner: Runner) -> None:
    again = runner.machine.made.stage.script("ci", "write", "gitlab", "--plan", local=False)
    assert "nothing would change" in again.err
