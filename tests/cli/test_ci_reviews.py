"""The commands that the jobs for reviewers and for cells run, at the edge: what is refused outside of such a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.cli.main import main
from multi_env_lambda.model.github import WORKFLOW

from .test_ci_write import GITHUB, TABLE

DIGEST = "0" * 64
REVIEWED = GITHUB.replace("repository_id = 2", 'repository_id = 2, reviewed = ["sandbox"]')


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(f"{TABLE}approval = true\n{REVIEWED}", "utf-8")
    return tmp_path


def test_who_writes_the_workflow_hears_what_github_has_to_be_set_to(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ci", "write", "github"], start=root) == 0
    said = capsys.readouterr().err
    assert "reviewers have to protect the environment sandbox" in said and "`doctor.py` checks it" in said
    assert "approve-sandbox:" in (root / WORKFLOW).read_text("utf-8")


def test_an_environment_without_an_approval_has_no_reviewers(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "pyproject.toml").write_text(TABLE + REVIEWED, "utf-8")
    assert main(["ci", "write", "github"], start=root) != 0
    said = capsys.readouterr().err
    assert "github] reviewed" in said and "approval = true" in said


@pytest.mark.parametrize(
    "words",
    [
        ["ci", "show", "sandbox", DIGEST],
        ["ci", "reviewed", "sandbox", DIGEST, "main"],
        ["ci", "run", "--reviewed", "sandbox", DIGEST],
        ["ci", "cell", "cell prod 555555555555/eu-central-1 branch main"],
        ["ci", "go-on"],
    ],
)
def test_outside_of_a_job_at_github_nothing_is_shown_approved_or_deployed(
    root: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert main(words, start=root) != 0
    assert "GITHUB_API_URL" in capsys.readouterr().err


def test_cells_are_left_only_by_what_looks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", "run", "f" * 32, "--leave-cells"], start=root) == 2
    assert "--leave-cells is for --event and --gitlab" in capsys.readouterr().err
    assert main(["ci", "run", "f" * 32, "--reviewed", "sandbox", DIGEST], start=root) == 2
