"""The environment of a branch on the local cloud: made of real files beside the first one, and gone with the branch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.ci import Asked, Branch, State
from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.operations.dispatch import dispatch

from .stage import Stage, commit, git, sample_stage

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

RULES = CiRules(branches=("feature/*",))
NAME = environment_of_branch("feature/$(x)")


@attrs.define
class Jobs:
    """Builds are run by the test; here are the jobs that they get."""

    started: list[str] = attrs.field(factory=list)

    def start(self, job: str, *, merged: bool) -> str:
        self.started.append(job)
        return f"by-hand:{len(self.started)}"

    def is_over(self, build: str) -> bool:
        return True


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("branch")
    with sample_stage(folder / "workspace") as found:
        for unit in ("nightly", "orders", "reports"):
            shutil.rmtree(found.root / "projects" / unit)
        table = found.root / "pyproject.toml"
        rules = '\n[tool.multi_env_lambda.ci]\nbranch_environments = { branches = ["feature/*"] }\n'
        table.write_text(table.read_text("utf-8") + rules, "utf-8")
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(folder / "units.git"))
        git(found.root, "remote", "add", "origin", os.fspath(folder / "units.git"))
        commit(found.root)
        git(found.root, "push", "-q", "origin", "HEAD:refs/heads/main")
        assert found.script("bootstrap").code == 0
        yield found


def look_at(stage: Stage, branch: str) -> str:
    """Somebody asks for a look, and a build has one: in a clone, with the credentials of these accounts."""
    store = Bucket(stage.client("devops", "s3"), stage.config.devops.bucket, stage.config.devops.account_id)
    jobs = Jobs()
    state = State(rules=RULES, environments=("sandbox",), now=store.now())
    dispatch(store, jobs, Asked(subject=Branch(name=branch)), state)
    clone = stage.root.parent / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    git(stage.root.parent, "clone", "-q", os.fspath(stage.root.parent / "units.git"), os.fspath(clone))
    env = {**stage.credentials(), "CODEBUILD_BUILD_ID": "by-hand:1"}
    done = stage.run("-m", "multi_env_lambda", "ci", "run", *jobs.started, folder=clone, env=env)
    assert done.code == 0, done.err
    return done.err


def stacks(stage: Stage) -> set[str]:
    pages = stage.client("sandbox", "cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"] for page in pages for stack in page["Stacks"]}


def test_it_holds_what_the_branch_changes_and_goes_with_it(stage: Stage) -> None:
    look_at(stage, "main")
    before = stage.versions("customers")
    assert before[0] == "0.1.0"
    git(stage.root, "checkout", "-q", "-b", "feature/x")
    module = Path(stage.root / "projects" / "customers" / "customers" / "__init__.py")
    module.write_text(module.read_text("utf-8") + "# of the branch\n", "utf-8")
    commit(stage.root)
    git(stage.root, "push", "-q", "origin", "HEAD:refs/heads/feature/$(x)")
    said = look_at(stage, "feature/$(x)")

    assert stacks(stage) == {"customers-sandbox", f"customers-{NAME}"}, said
    git(stage.root, "checkout", "-q", "-")
    assert stage.versions("customers") == before

    git(stage.root, "push", "-q", "origin", ":refs/heads/feature/$(x)")
    said = look_at(stage, "feature/$(x)")
    assert stacks(stage) == {"customers-sandbox"}, said
