"""`ci write` and `ci run --event`, as a user types them, in a folder with a table."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.cli.ci import ci_command
from multi_env_lambda.cli.main import main
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.codepipeline import TEMPLATE
from multi_env_lambda.model.github import WORKFLOW
from multi_env_lambda.model.gitlab import PIPELINE
from multi_env_lambda.operations.ci_write import HOSTS

pytestmark = pytest.mark.story

TABLE = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "artifacts"

[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
"""
GITHUB = """
[tool.multi_env_lambda.roles]
prefix = "acme"

[tool.multi_env_lambda.ci]
github = { repository = "acme/units", owner_id = 1, repository_id = 2 }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(TABLE + GITHUB, "utf-8")
    return tmp_path


def test_it_is_written_once_and_changed_where_the_table_has_changed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ci", "write", "github", "--plan"], start=root) == 0
    assert f"{WORKFLOW}: would be written" in capsys.readouterr().err
    assert not (root / WORKFLOW).exists()

    assert main(["ci", "write", "github"], start=root) == 0
    assert f"{WORKFLOW}: written" in capsys.readouterr().err
    assert main(["ci", "write", "github"], start=root) == 0
    assert "nothing has changed" in capsys.readouterr().err

    own = f"# ours\n{(root / WORKFLOW).read_text('utf-8')}  lint:\n    runs-on: x\n"
    (root / WORKFLOW).write_text(own, "utf-8")
    table = (root / "pyproject.toml").read_text("utf-8")
    (root / "pyproject.toml").write_text(table.replace('prefix = "acme"', 'prefix = "emca"'), "utf-8")
    assert main(["ci", "write", "github", "--plan"], start=root) == 0
    said = capsys.readouterr().err
    assert "would change" in said and "role/emca-build" in said
    assert (root / WORKFLOW).read_text("utf-8") == own
    assert main(["ci", "write", "github"], start=root) == 0
    assert (root / WORKFLOW).read_text("utf-8") == own.replace("acme-", "emca-")


def test_the_hosts_are_those_that_a_file_can_be_written_for(root: Path) -> None:
    host = next(parameter for parameter in ci_command.commands["write"].params if parameter.name == "host")
    assert isinstance(host.type, click.Choice)
    assert list(host.type.choices) == list(HOSTS)

    with pytest.raises(ConfigurationError, match="host: found `gitlub`; expected codepipeline, github") as caught:
        Workspace.open(root, local=False).write_ci("gitlub")
    assert caught.value.hint == "did you mean `gitlab`?"


def test_the_file_of_gitlab_is_written_beside_that_of_github_and_changed_in_its_marked_part(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ci", "write", "gitlab"], start=root) != 0
    assert "has no `gitlab`" in capsys.readouterr().err
    said = f'[tool.multi_env_lambda.ci.gitlab]\nproject = "acme/units"\nimage = "x@sha256:{"0" * 64}"\n'
    (root / "pyproject.toml").write_text(TABLE + GITHUB + said, "utf-8")
    assert main(["ci", "write", "gitlab", "--plan"], start=root) == 0
    assert f"{PIPELINE}: would be written" in capsys.readouterr().err
    assert not (root / PIPELINE).exists()
    assert main(["ci", "write", "gitlab"], start=root) == 0
    assert f"{PIPELINE}: written" in capsys.readouterr().err
    assert not (root / WORKFLOW).exists()

    own = f"# ours\n{(root / PIPELINE).read_text('utf-8')}lint: {{script: [id]}}\n"
    (root / PIPELINE).write_text(own, "utf-8")
    assert main(["ci", "write", "gitlab"], start=root) == 0
    assert "nothing has changed" in capsys.readouterr().err
    (root / "pyproject.toml").write_text((TABLE + GITHUB + said).replace('"acme"', '"emca"'), "utf-8")
    assert main(["ci", "write", "gitlab"], start=root) == 0
    changed = own.replace("acme-build", "emca-build").replace("acme-plan", "emca-plan")
    assert (root / PIPELINE).read_text("utf-8") == changed
    (root / PIPELINE).write_bytes(b"\xff")
    assert main(["ci", "write", "gitlab"], start=root) != 0
    assert f"{PIPELINE}: it cannot be read" in capsys.readouterr().err


def test_a_look_at_gitlab_is_one_of_three_and_needs_a_job_of_a_branch(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["ci", "run", "--gitlab", "f" * 32], start=root) == 2
    monkeypatch.delenv("GITLAB_CI", raising=False)
    assert main(["ci", "run", "--gitlab"], start=root) != 0
    assert "no job of a branch" in capsys.readouterr().err


def test_the_template_of_codepipeline_is_written_and_what_follows_it_stays(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ci", "write", "codepipeline"], start=root) != 0
    assert "has no `codepipeline`" in capsys.readouterr().err
    said = '[tool.multi_env_lambda.ci.codepipeline]\nrepository = "units"\n'
    (root / "pyproject.toml").write_text(TABLE + GITHUB + said, "utf-8")
    assert main(["ci", "write", "codepipeline", "--plan"], start=root) == 0
    assert f"{TEMPLATE}: would be written" in capsys.readouterr().err
    assert not (root / TEMPLATE).exists()
    assert main(["ci", "write", "codepipeline"], start=root) == 0
    told = capsys.readouterr().err
    assert f"{TEMPLATE}: written" in told and "apply the template in the devops account" in told

    own = f"# ours\n{(root / TEMPLATE).read_text('utf-8')}  Ours:\n    Type: AWS::SNS::Topic\n"
    (root / TEMPLATE).write_text(own, "utf-8")
    assert main(["ci", "write", "codepipeline"], start=root) == 0
    assert "nothing has changed" in capsys.readouterr().err
    (root / "pyproject.toml").write_text((TABLE + GITHUB + said).replace('"acme"', '"emca"'), "utf-8")
    assert main(["ci", "write", "codepipeline"], start=root) == 0
    assert (root / TEMPLATE).read_text("utf-8") == own.replace("acme-", "emca-")


def test_a_step_of_a_pipeline_needs_a_pipeline(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", "run", "--codepipeline", "f" * 32], start=root) == 2
    assert main(["ci", "run", "--codepipeline"], start=root) != 0
    assert "no action of the pipeline" in capsys.readouterr().err


def test_a_ci_py_of_its_own_hears_of_every_branch(root: Path) -> None:
    (root / "ci.py").write_text("", "utf-8")
    assert main(["ci", "write", "github"], start=root) == 0

    assert "github.ref != 'refs/heads/main')" in (root / WORKFLOW).read_text("utf-8")


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (b"on: push\n", "found 0 lines"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_of_others_stays_and_the_message_says_what_to_do(
    root: Path, capsys: pytest.CaptureFixture[str], there: bytes, why: str
) -> None:
    (root / WORKFLOW).parent.mkdir(parents=True)
    (root / WORKFLOW).write_bytes(there)

    assert main(["ci", "write", "github"], start=root) != 0
    said = capsys.readouterr().err
    assert why in said and "hint:" in said
    assert (root / WORKFLOW).read_bytes() == there


def test_a_workspace_below_the_top_or_without_a_repository_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "pyproject.toml").write_text(TABLE, "utf-8")
    assert main(["ci", "write", "github"], start=root) != 0
    assert "has no `github`" in capsys.readouterr().err
    (root / "pyproject.toml").write_text(TABLE + GITHUB, "utf-8")
    (root / ".git").rmdir()
    assert main(["ci", "write", "github"], start=root) != 0
    assert "not at the top of its repository" in capsys.readouterr().err


def test_an_event_needs_its_name_and_a_file_and_no_job_beside_it(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = ["ci", "run", "--event", str(root / "event.json")]
    monkeypatch.delenv("GITHUB_EVENT_NAME", raising=False)
    assert main([*event, "f" * 32], start=root) == 2
    assert main(event, start=root) != 0
    assert "GITHUB_EVENT_NAME" in capsys.readouterr().err
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    monkeypatch.setenv("GITHUB_API_URL", "https://api.github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/units")
    assert main(event, start=root) != 0
    assert "the event cannot be read" in capsys.readouterr().err
