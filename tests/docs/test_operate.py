"""The page about operating, followed on the local cloud: its commands are typed, and the table is edited as it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down
from tests.end_to_end.stage import git, runs_here
from tests.house import ROOT

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]

PAGE = (ROOT / "docs/source/02-How-To/operate.rst").read_text("utf-8")
ACCOUNTS = {"sandbox": "2" * 12, "test": "3" * 12, "staging": "4" * 12, "prod": "5" * 12}
DEVOPS = """
[tool.multi_env_lambda]
id = "7c1f3a92be40"

[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts-111111111111-us-east-1"
"""
AT_A_TERMINAL = {"deploy": "--yes", "destroy": "--yes --confirm orders"}
"""Verb -> what answers the questions that a person would be asked."""


def table_of(name: str) -> str:
    return f'\n[[tool.multi_env_lambda.environments]]\nname = "{name}"\naccount_id = "{ACCOUNTS[name]}"\n'


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    git(tmp_path, "init", "-q")
    (tmp_path / "pyproject.toml").write_text(DEVOPS + "".join(map(table_of, ACCOUNTS)), "utf-8")
    for words in ("init", "new orders --flat"):
        assert typed(tmp_path, f"-m multi_env_lambda {words}")[0] == 0
    runs_here(tmp_path)
    commit(tmp_path)
    try:
        assert typed(tmp_path, "bin/automation/deploy.py --to prod --yes")[0] == 0
        yield tmp_path
    finally:
        down(tmp_path)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "as the page says")


def typed(root: Path, words: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "MULTI_ENV_LAMBDA_LOCAL": "1"}
    argv = [sys.executable, *shlex.split(words)]
    done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def section(title: str) -> str:
    return re.split(r"\n[^\n]+\n-{3,}\n", PAGE.partition(f"\n{title}\n---")[2])[0]


def blocks(text: str) -> list[list[str]]:
    """The lines of each block with commands."""
    found = (textwrap.dedent(block) for block in re.findall(r"::\n\n((?: +\S.*\n)+)", text))
    return [block.splitlines() for block in found if block.startswith("$ ")]


def alike(line: str) -> str:
    return re.sub(r" \d+[smh]\b", " …", " ".join(line.split()))


def follow(root: Path, lines: list[str]) -> None:
    """Type each command of a block; what is shown below it is among what it prints."""
    code, said = 0, ""
    for line in lines:
        if line.startswith("$ "):
            assert code == 0, said
            words = line.removeprefix("$ python ")
            verb = words.partition(".py")[0].rpartition("/")[2]
            code, said = typed(root, f"{words} {AT_A_TERMINAL.get(verb, '')}")
        elif line != "…":
            assert alike(line) in [alike(one) for one in said.splitlines()], said
    assert code == 0, said


def edit(root: Path, change: dict[str, str]) -> None:
    path = root / "pyproject.toml"
    text = path.read_text("utf-8")
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    commit(root)


def test_the_page_is_followed(root: Path) -> None:
    for title in ("Somebody leaves", "Show who changed what"):
        for block in blocks(section(title)):
            follow(root, block)

    moving = section("Move an environment to another account")
    (added,) = re.findall(r"code-block:: toml\n\n((?: +\S.*\n)+)", moving)
    prepare, deploy, destroy, status = blocks(moving)
    edit(root, {table_of("prod"): table_of("prod") + "\n" + textwrap.dedent(added)})
    for block in (prepare, deploy, destroy):
        follow(root, block)
    edit(root, {table_of("prod"): ""})
    follow(root, status)

    board, *others = blocks(section("Move the devops account"))
    follow(root, board)
    edit(root, {"111111111111": "121212121212"})
    for block in others:
        follow(root, block)
    follow(root, status)
