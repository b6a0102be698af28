"""An interpreter is one that was started and gave its version."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from multi_env_lambda.building.lock_formats import read_requirements
from multi_env_lambda.building.select import Target, marker_holds
from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.interpreter import (
    RUNTIME_LOCK,
    find_python,
    intact_runtime,
    private_venv,
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


SIX = "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "lock.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.network
def test_a_runtime_holds_boto3_and_nothing_of_ours() -> None:
    check = "import boto3, importlib.util as u; print([n for n in ('attrs', 'pytest', 'pip') if u.find_spec(n)])"
    python = runtime_python(OWN)
    assert subprocess.check_output([python, "-I", "-c", check], text=True).strip() == "[]"
    assert runtime_python(OWN) == python
    found = subprocess.check_output([python, "-c", "import boto3; print(boto3.__version__)"], text=True).strip()
    assert f"boto3=={found} " in RUNTIME_LOCK.read_text("utf-8")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.14"])
def test_a_runtime_brings_one_boto3_and_hooks_where_it_can_be_frozen(version: str) -> None:
    target = Target(python=version, architecture="x86_64")
    packages = read_requirements(RUNTIME_LOCK.read_text("utf-8"), where="runtime.txt")
    there = [package.name for package in packages if marker_holds(package.marker, target, "lock")]

    assert there.count("boto3") == 1
    assert ("snapshot-restore-py" in there) == (version in ("3.12", "3.14"))


@pytest.mark.network
def test_two_processes_at_once_share_one_venv(tmp_path: Path) -> None:
    lock = written(tmp_path, SIX)

    def make(_: int) -> Path:
        return private_venv(Path(sys.executable), lock, tmp_path / "venvs", name="x", where="test")

    with ThreadPoolExecutor(4) as pool:
        pythons = set(pool.map(make, range(4)))
    assert len(pythons) == 1 and len(list((tmp_path / "venvs").iterdir())) == 1
    assert subprocess.run([pythons.pop(), "-c", "import six"], check=False).returncode == 0


@pytest.mark.network
def test_a_venv_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    lock = written(tmp_path, SIX.replace("sha256:4", "sha256:5"))

    with pytest.raises(ToolError, match="Hash mismatch for `six==1.17.0`"):
        private_venv(Path(sys.executable), lock, tmp_path / "venvs", name="x", where="test")
    assert list((tmp_path / "venvs").iterdir()) == []


@pytest.mark.network
def test_what_has_no_hash_gets_into_no_venv(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="hash"):
        private_venv(Path(sys.executable), written(tmp_path, "six==1.17.0\n"), tmp_path, name="x", where="test")


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
