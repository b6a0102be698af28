"""How a command ends: its exit code is what scripts and CI see of it. Whole verbs against accounts in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.cli.main import main
from tests.bad_repositories import copy_of

pytestmark = pytest.mark.story


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys that belong to nobody, and moto behind them."""
    from moto import mock_aws

    for name in [name for name in os.environ if name.startswith(("AWS_", "MULTI_ENV_LAMBDA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def with_bucket(folder: Path, mistake: str | None = None) -> Path:
    """A repository whose bucket is there, without its policy: moto knows no conditions, and so it refuses https too."""
    root = copy_of(folder, mistake)
    devops = Workspace.open(root, local=False).config.devops
    client = Sessions().client(devops, "s3")
    client.create_bucket(Bucket=devops.bucket)
    client.put_bucket_versioning(Bucket=devops.bucket, VersioningConfiguration={"Status": "Enabled"})
    return root


@pytest.mark.usefixtures("accounts")
def test_a_plan_in_which_a_unit_is_blocked_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = with_bucket(tmp_path / "repository", "unlocked_dependency")

    assert main(["plan", "--only", "orders", "--json"], start=root) == 1
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [(step["project"], step["kind"]) for step in steps] == [("orders", "blocked")]


@pytest.mark.usefixtures("accounts")
def test_a_build_that_fails_in_one_way_ends_with_the_code_of_that_error(tmp_path: Path) -> None:
    root = with_bucket(tmp_path / "repository", "unlocked_dependency")

    assert main(["build", "--only", "orders"], start=root) == 3


@pytest.mark.usefixtures("accounts")
def test_a_verb_that_has_nothing_to_complain_of_ends_with_0(tmp_path: Path) -> None:
    root = with_bucket(tmp_path / "repository")
    table = root / "pyproject.toml"
    # Without an id no stack can be ours, so none is looked for: moto's CloudFormation is not installed here.
    table.write_text(table.read_text("utf-8").replace('id = "5d0e8b6a2f17"\n', "", 1), "utf-8")

    assert main(["status"], start=root) == 0
    assert main(["drift"], start=root) == 0
    assert main(["prune"], start=root) == 0


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    root = copy_of(tmp_path / "repository")

    assert main(["rollback"], start=root) == 2
    assert main(["promote", "prod", "--skip-order"], start=root) == 2
    assert main(["deploy", "prod", "--to", "prod"], start=root) == 2
    assert main(["depoly"], start=root) == 2


def test_outside_of_a_workspace_everything_ends_with_3(tmp_path: Path) -> None:
    assert main(["status"], start=tmp_path) == 3
