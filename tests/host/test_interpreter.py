"""An interpreter is one that was started and gave its version."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.interpreter import (
    BOTO3,
    find_python,
    intact_runtime,
    private_venv,
    runtime_packages,
    runtime_python,
)

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any known interpreter but this one's."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_running_python_is_found() -> None:
    assert find_python(OWN) == Path(sys.executable)


def test_a_shim_that_only_prints_an_error_is_no_interpreter(bare: Path) -> None:
    program(bare / "bin", "python3.99", "echo 'command not found' >&2; exit 127")
    assert find_python("3.99") is None


def test_a_program_that_is_another_version_is_no_interpreter(bare: Path) -> None:
    program(bare / "bin", "python3.99", f'exec "{sys.executable}" "$@"')
    assert find_python("3.99") is None


def test_one_that_runs_is_found_on_path_and_at_pyenv(bare: Path) -> None:
    program(bare / "bin", "python3.97", "echo refused; exit 1")
    pyenv = program(bare / "home/.pyenv/versions/3.97.1/bin", "python3.97", "echo 3.97")
    assert find_python("3.97") == pyenv
    on_path = program(bare / "bin", "python3.98", "echo 3.98")
    program(bare / "home/.pyenv/versions/3.98.1/bin", "python3.98", "echo 3.98")
    assert find_python("3.98") == on_path


def test_a_relative_entry_of_path_is_not_searched(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / "here", "python3.99", "echo 3.99")
    monkeypatch.chdir(bare / "here")
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    assert find_python("3.99") is None


def test_a_runtime_that_the_machine_lacks_is_an_error_with_the_way_out(bare: Path) -> None:
    with pytest.raises(ToolError, match=r"(?s)Python 3\.99.*hint: run `uv python install 3\.99`"):
        runtime_python("3.99")


@pytest.mark.network
def test_a_runtime_holds_boto3_and_nothing_of_ours() -> None:
    check = "import boto3, importlib.util as u; print([n for n in ('attrs', 'pytest', 'pip') if u.find_spec(n)])"
    python = runtime_python(OWN)
    assert subprocess.check_output([python, "-I", "-c", check], text=True).strip() == "[]"
    assert runtime_python(OWN) == python
    assert f"boto3=={subprocess.check_output([python, '-c', 'import boto3; print(boto3.__version__)'], text=True)}" == (
        f"{BOTO3}\n"
    )


@pytest.mark.parametrize(("version", "number"), [("3.9", 1), ("3.11", 1), ("3.12", 2), ("3.14", 2)])
def test_a_runtime_that_can_be_frozen_brings_the_hooks_for_it(version: str, number: int) -> None:
    packages = runtime_packages(version)
    assert len(packages) == number and packages[0].startswith("boto3==")
    assert all(package.startswith("snapshot-restore-py==") for package in packages[1:])


@pytest.mark.network
def test_two_processes_at_once_share_one_venv(tmp_path: Path) -> None:
    def make(_: int) -> Path:
        return private_venv(Path(sys.executable), ["six==1.17.0"], tmp_path / "venvs", name="x", where="test")

    with ThreadPoolExecutor(4) as pool:
        pythons = set(pool.map(make, range(4)))
    assert len(pythons) == 1 and len(list((tmp_path / "venvs").iterdir())) == 1
    assert subprocess.run([pythons.pop(), "-c", "import six"], check=False).returncode == 0


@pytest.mark.network
def test_a_venv_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="there-is-no-such-package-at-all"):
        private_venv(Path(sys.executable), ["./there-is-no-such-package-at-all"], tmp_path, name="x", where="test")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.network
@pytest.mark.parametrize("damage", ["a module", "bytecode", "the list itself", "one more file", "one less"])
def test_a_runtime_of_which_a_byte_has_changed_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    python = runtime_python(OWN)
    (packages,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    match damage:
        case "one more file":
            (packages / "attrs.py").write_text("x = 1")
        case "one less":
            (packages / "six.py").unlink()
        case _:
            (bytecode,) = (packages / "__pycache__").glob("six*.pyc")
            contents = python.parent.parent / "contents.json"
            path = {"a module": packages / "six.py", "bytecode": bytecode, "the list itself": contents}[damage]
            body = bytearray(path.read_bytes())
            body[len(body) // 2] ^= 0x55
            path.write_bytes(body)
    assert intact_runtime(python) == python
    subprocess.run([python, "-I", "-c", "import six, boto3"], check=True)
    assert not (packages / "attrs.py").exists()
    made = (packages / "six.py").stat().st_mtime_ns
    assert intact_runtime(python) == python
    assert (packages / "six.py").stat().st_mtime_ns == made


def test_an_interpreter_that_is_not_ours_is_given_back(tmp_path: Path) -> None:
    assert intact_runtime(tmp_path / "bin" / "python") == tmp_path / "bin" / "python"
