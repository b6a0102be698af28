"""The library in a repository that is not its own: installed, ``init``, ``new``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.cli.main import main
from multi_env_lambda.host.process import run_uv

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_init_and_new_make_a_workspace_with_one_unit(repository: Path) -> None:
    assert main(["init"], start=repository) == 0
    assert main(["new", "billing"], start=repository) == 0

    assert list(Workspace.open(repository, local=False).projects) == ["billing"]


def test_init_again_changes_nothing(repository: Path) -> None:
    main(["init"], start=repository)
    before = files(repository)
    main(["init"], start=repository)

    assert files(repository) == before


def test_a_unit_that_is_there_is_not_overwritten(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"], start=repository)
    main(["new", "billing"], start=repository)
    before = files(repository)

    assert main(["new", "billing"], start=repository) == 3
    assert (files(repository), "already exists" in capsys.readouterr().err) == (before, True)


@pytest.mark.network
def test_the_installed_library_brings_its_program(repository: Path, tmp_path: Path) -> None:
    bin_ = tmp_path / "venv" / "bin"
    run_uv(["venv", "-q", "--python", sys.executable, tmp_path / "venv"], where="uv", hint="")
    # From a copy: a build leaves its folders beside setup.py.
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{ROOT}", str(source)], check=True)
    install = ["pip", "install", "-q", "--python", bin_ / "python", "-c", ROOT / "requirements-dev.txt", source]
    run_uv(install, where="uv", hint="")
    subprocess.run([str(bin_ / "multi-env-lambda"), "init"], cwd=repository, check=True)
    done = subprocess.run([str(bin_ / "python"), "bin/automation/new.py", "billing"], cwd=repository, check=False)

    assert done.returncode == 0
    assert (repository / "projects" / "billing" / "pyproject.toml").is_file()
