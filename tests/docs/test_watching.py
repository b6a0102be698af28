"""The page about a watch, followed on the local cloud: its commands are typed, and its file is saved."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.local.server import down
from tests.end_to_end.stage import git, runs_here
from tests.house import ROOT

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

PAGE = (ROOT / "docs/source/02-How-To/watch-your-files.rst").read_text("utf-8")
FILE = re.compile(r"   \.\. code-block:: python\n      :caption: (\S+)\n\n((?:      .*\n|\n)+)")
SHOWN = re.compile(r"::\n\n((?: +\S.*\n)+)")
CHANGES = (r"\d+\.\d s", r"that \S+ saved on \S+ at \S+;", r"watching \d+ files")
"""What is different every time."""


def blocks() -> list[list[str]]:
    return [textwrap.dedent(block).splitlines() for block in SHOWN.findall(PAGE)]


def alike(line: str) -> str:
    for pattern in CHANGES:
        line = re.sub(pattern, "…", line)
    return line


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    git(tmp_path, "init", "-q")
    for words in ("init", "new billing"):
        assert typed(tmp_path, f"-m multi_env_lambda {words}").returncode == 0
    runs_here(tmp_path)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "billing")
    yield tmp_path
    down(tmp_path)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.fspath(ROOT), "MULTI_ENV_LAMBDA_LOCAL": "1"}


def typed(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, *shlex.split(words)]
    return subprocess.run(argv, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120)


def follow(root: Path, block: list[str]) -> None:
    """A command, and what it prints among other lines."""
    done = typed(root, block[0].removeprefix("$ python "))
    said = [alike(re.sub(r" \d+\.\d s$", "", line)) for line in (done.stdout + done.stderr).splitlines()]

    assert [line for line in map(alike, block[1:]) if line not in said] == [], done.stderr


def test_the_page_is_followed(root: Path) -> None:
    begin, sent, call, left, deploy = blocks()[:5]
    ((name, content),) = FILE.findall(PAGE)
    argv = [sys.executable, *shlex.split(begin[0].removeprefix("$ python "))]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(argv, cwd=root, env=environment(), text=True, **streams) as watch:
        try:
            assert watch.stdout is not None
            lines = iter(watch.stdout.readline, "")
            seen = [alike(next(lines).rstrip())]
            while "Ctrl-C ends it" not in seen[-1]:
                seen.append(alike(next(lines).rstrip()))
            (root / name).write_text(textwrap.dedent(content), "utf-8")
            answer = alike(next(lines).rstrip())
            follow(root, call)
            watch.send_signal(signal.SIGINT)
            rest = [alike(line.rstrip()) for line in lines]
            status = watch.wait(timeout=60)
        finally:
            watch.kill()

    assert [line for line in seen if line.startswith(("✓", "…"))] == [alike(line) for line in begin[1:]]
    assert (answer, rest, status) == (alike(sent[0]), [alike(line) for line in left], 130)
    follow(root, deploy)


def test_a_runtime_that_a_save_asks_for_is_prepared(root: Path) -> None:
    others = [f"3.{number}" for number in range(sys.version_info[1] + 1, 15) if find_python(f"3.{number}")]
    if not others:
        pytest.skip("this machine has no newer Python")
    opened = Workspace.open(root, local=True)._opened
    assert opened.world.paces is None
    path = root / "projects/billing/pyproject.toml"
    path.write_text(
        re.sub(r'runtime = "python[\d.]+"', f'runtime = "python{others[0]}"', path.read_text("utf-8")), "utf-8"
    )

    opened.read_again()

    (known,) = root.glob(".multi_env_lambda/local/**/runtimes.json")
    assert f"python{others[0]}" in json.loads(known.read_bytes())
