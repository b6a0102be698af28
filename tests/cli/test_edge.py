"""Whole commands whose output goes where it cannot be said, or where nobody reads; and who may print at all."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.cli.main import main
from multi_env_lambda.cli.output import out
from multi_env_lambda.errors import MultiEnvLambdaError
from tests.bad_repositories import copy_of
from tests.house import PACKAGE, ROOT, module_paths, nodes

PRINTS = {
    "show/terminal.py": "the one edge",
    "show/render.py": "into a text of its own",
    "host/lambda_python.py": "a program of its own: plays the Python of Lambda",
    "building/preflight_run.py": "a program of its own: keeps a handler's words away from its answers",
    "building/here_run.py": "a program of its own: logs what a function raises",
    "building/backend_run.py": "a program of its own: calls a build backend",
    "host/own_child.py": "what code of the repository has printed, with nothing in it that a terminal obeys",
    "local/programs.py": "a program of its own: plays `aws` in the builds of the local cloud",
    "host/answering.py": "the inside of a program of its own: keeps that code's words away from its answer",
}
"""Modules that name a stream, print, or make a console of rich -> what for."""
LOOKS = {
    "api/here.py": "asks whether a debugger could be used",
    "cli/output.py": "asks whether its output is a terminal",
    "cli/dialog.py": "asks whether a person is there",
    "cli/functions.py": "reads an event from its input",
    "show/progress.py": "asks whether its output is a terminal",
}
CHILDREN = ROOT / PACKAGE / "local" / "emulator"


def prints(node: ast.AST) -> bool:
    """`print(…)`, `click.echo(…)`, `Console(…)`, `StreamHandler(…)`, or a stream of `sys` for anything but `isatty`."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "Console")) | ast.Call(func=ast.Attribute(attr="echo" | "secho")):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
            return True
        case ast.Attribute(attr="StreamHandler" | "print_exc" | "print_exception"):
            return True
        case ast.Call(func=ast.Attribute(attr="prompt" | "confirm", value=ast.Name(id="click"))):
            return True
    return False


def test_text_reaches_a_terminal_in_one_place_only() -> None:
    paths = {path.relative_to(ROOT / PACKAGE).as_posix(): path for path in module_paths()}
    found = [
        f"{name}:{node.lineno}"  # type: ignore[attr-defined]
        for name, path in paths.items()
        if not path.is_relative_to(CHILDREN) and name not in PRINTS and name not in LOOKS
        for node in nodes(path)
        if prints(node)
    ]

    assert found == []


@pytest.mark.parametrize("name", sorted(PRINTS | LOOKS))
def test_each_exception_is_one(name: str) -> None:
    found = nodes(ROOT / PACKAGE / name)

    assert any(prints(node) for node in found) or any(isinstance(n, ast.Attribute) and n.attr == "stdin" for n in found)


def command(root: Path, *words: str, encoding: str = "utf-8", **how: object) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    argv = [sys.executable, "-m", PACKAGE, *words]
    return subprocess.run(argv, cwd=root, env=environment, check=False, **{"capture_output": True, **how})  # type: ignore[call-overload, no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_error_with_signs_is_told_where_they_cannot_be_said(tmp_path: Path, encoding: str) -> None:
    root = copy_of(tmp_path / "repository", "account_that_is_a_number")

    done = command(root, "status", encoding=encoding)

    assert done.returncode == 3
    assert 'hint: write it in quotes: `account_id = "..."`' in done.stderr.decode(encoding)


@pytest.mark.slow
def test_nobody_who_reads_is_no_traceback(tmp_path: Path) -> None:
    root = copy_of(tmp_path / "repository")
    reader, writer = os.pipe()
    os.close(reader)

    done = command(
        root, "permissions", "sandbox", "--json", capture_output=False, stdout=writer, stderr=subprocess.PIPE
    )

    os.close(writer)
    assert done.stderr == b""


def test_a_usage_error_quotes_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "a1B2" * 9

    assert main(["history", "orders", "--limit", token], start=tmp_path) == 2
    assert main(["deploy", "--plan", f"/nowhere/{token}\x1b[2J"], start=tmp_path) == 2

    said = capsys.readouterr().err
    assert token not in said and "\x1b" not in said
    assert "invalid value for '--limit': '***'" in said and "File '/nowhere/***" in said


LIMITS = "hint: end other programs, or raise the limits of this shell (`ulimit -a`); then run the same command again\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "error: this machine: No space left on device\nhint: make room there; then run the same command again\n",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "/code/.multi_env_lambda"),
            "error: /code/.multi_env_lambda: Read-only file system\n"
            "hint: let this user write there, or correct what is in the way; then run the same command again\n",
        ),
        (MemoryError(), f"error: this machine: it gives this command no more memory\n{LIMITS}"),
        (RuntimeError("can't start new thread"), f"error: this machine: it starts no more threads\n{LIMITS}"),
    ],
)
def test_what_the_machine_refuses_is_no_mistake_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def full(*_: object, **__: object) -> Workspace:
        raise error

    assert main(["status"], start=tmp_path, opener=full) == 1
    assert capsys.readouterr().err == said


def test_a_connection_that_nobody_expected_to_fail_is_a_mistake_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> Workspace:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    assert main(["status"], start=tmp_path, opener=broken) == 1
    assert capsys.readouterr().err.endswith("this is a bug in multi-env-lambda; please report it\n")


def test_a_mistake_of_ours_quotes_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "a1B2" * 9

    def broken(*_: object, **__: object) -> Workspace:
        raise RuntimeError(token)

    assert main(["status"], start=tmp_path, opener=broken) == 1
    assert "RuntimeError: ***" in capsys.readouterr().err


def test_a_mistake_of_ours_is_told_at_the_edge_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> Workspace:
        raise RuntimeError("\x1b[2J")

    assert main(["status"], start=tmp_path, opener=broken) == 1
    end = "RuntimeError: \\x1b[2J\nthis is a bug in multi-env-lambda; please report it\n"
    assert capsys.readouterr().err.endswith(end)


@pytest.mark.slow
def test_an_output_that_is_closed_is_no_traceback(tmp_path: Path) -> None:
    root = copy_of(tmp_path / "repository")
    words = [sys.executable, "-m", PACKAGE, "permissions", "sandbox", "--json"]

    done = command(root, "--version")
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&- <&-', "sh", *words], cwd=root, capture_output=True, check=False)

    assert (done.returncode, closed.returncode, closed.stderr) == (0, 0, b"")


@pytest.mark.slow
def test_a_disk_that_is_full_behind_the_output_is_one_error_of_ours(tmp_path: Path) -> None:
    root = copy_of(tmp_path / "repository")

    with open("/dev/full", "w") as full:
        words = ("permissions", "sandbox", "--json")
        done = command(root, *words, capture_output=False, stdout=full, stderr=subprocess.PIPE)

    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "error: standard output: it cannot be written to: No space left on device",
        "hint: redirect it elsewhere, then run again",
    ]


def test_what_has_a_layout_says_the_same_of_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.table import Table

    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(MultiEnvLambdaError, match="standard output: it cannot be written to: No space left"):
            out(Table("a"))
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
