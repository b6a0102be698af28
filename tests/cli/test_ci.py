"""The verb ``ci`` as it is typed: a run in a real clone, on accounts in memory, and the command that agrees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.ci import Asked, Branch, State
from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.cli.main import main
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.operations.dispatch import dispatch
from multi_env_lambda.testing.workspace import workspace_of
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.host.test_lineage import commit, git

pytestmark = pytest.mark.story

Opener = Callable[..., Workspace]


@attrs.define
class Jobs:
    """The jobs that builds get; the test runs each of them, as the build of this name."""

    started: list[str] = attrs.field(factory=list)

    def start(self, job: str, *, merged: bool) -> str:
        self.started.append(job)
        return "github:7:1"

    def is_over(self, build: str) -> bool:
        return True


@attrs.frozen
class Desk:
    """A clone, the accounts, and what opens both."""

    clone: Path
    fake: FakeWorld
    opens: Opener

    def type(self, *words: str) -> int:
        return main(["ci", *words], start=self.clone, opener=self.opens)

    def job(self) -> str:
        jobs = Jobs()
        state = State(rules=CiRules(), environments=("sandbox",), now=self.fake.store.now())
        dispatch(self.fake.store, jobs, Asked(subject=Branch(name="main")), state)
        self.fake.store.time += 300
        return jobs.started[-1]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    clone, origin = tmp_path / "clone", tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", os.fspath(origin))
    git(tmp_path, "clone", "-q", os.fspath(origin), os.fspath(clone))
    commit(clone, orders="o1")
    git(clone, "push", "-q", "origin", "HEAD:main")
    fake = fake_world(
        FakeTree(content={"orders": "o1"}), tmp_path / "cache", config=fake_config(test={"approval": True})
    )

    def opens(path: Any, **shown: Any) -> Workspace:
        return workspace_of(fake.world, tmp_path)

    return Desk(clone, fake, opens)


def test_a_run_that_stops_at_an_approval_ends_well_and_its_command_agrees(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.clone / "projects/orders/main.py").write_text("somebody works here")
    assert desk.type("run", desk.job(), "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["outcome"], found["waits"][0]["environment"]) == ("waits", "test")
    command = said.err.rpartition("`ci.py ")[2].partition("`")[0].split()
    assert (desk.clone / "projects/orders/main.py").read_text() == "somebody works here"

    desk.fake.platform.who = "arn:aws:iam::111111111111:user/grace"
    assert desk.type(*command) == 0
    assert "approved by" in capsys.readouterr().err
    desk.fake.platform.who = "arn:aws:sts::111111111111:assumed-role/mel-build/AWSCodeBuild-1"
    assert desk.type("run", desk.job()) == 0
    assert "orders deployed" in capsys.readouterr().err


def test_a_run_in_which_something_fails_ends_with_1(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.fake.platform.failing["orders-sandbox"] = "no room"

    assert desk.type("run", desk.job()) == 1
    assert "failed: sandbox orders: " in capsys.readouterr().err


def test_without_a_job_and_with_none_nothing_is_done(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.type("run") == 3
    assert f"no job is named, and {JOB_VARIABLE} is not set" in capsys.readouterr().err
    assert desk.type("run", "$(id)") == 3
    assert "is no id of a job" in capsys.readouterr().err
    assert desk.fake.store.writes == []


def test_the_variable_names_the_job(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JOB_VARIABLE, desk.job())

    assert desk.type("run") == 0


def test_what_does_not_wait_cannot_be_agreed_to(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.type("approve", "test", "0" * 12) == 3
    assert "no run of the CI has stopped in front of test" in capsys.readouterr().err
    assert desk.type("approve", "nowhere", "0" * 12) == 3


def test_a_build_cannot_agree(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CODEBUILD_BUILD_ID", "units:1")

    assert desk.type("approve", "test", "0" * 12) == 9
    assert "a build cannot approve" in capsys.readouterr().err
