"""The page about one layer for several units is followed, command by command, with a package that lies beside it."""

from __future__ import annotations

import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down
from tests.bad_repositories import add_wheels
from tests.calls.yard import write_workspace
from tests.end_to_end.stage import ROOT, Stage, commit, runs_here
from tests.end_to_end.test_one_layer import LOCK, MAIN

pytestmark = pytest.mark.local_cloud

PAGE = (ROOT / "docs/source/02-How-To/one-layer-for-several-units.rst").read_text("utf-8")
BLOCKS = [textwrap.dedent(found) for found in re.findall(r"::[^\n]*\n\n((?:    .*\n|\n)+)", PAGE)]
TABLES = {tomllib.loads(block)["project"]["name"]: block for block in BLOCKS if block.startswith("[project]")}
COMMANDS = [shlex.split(line.removeprefix("$ ")) for block in BLOCKS for line in block.splitlines() if line[:1] == "$"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The two units of the page; the lock is by hand, since `lock` needs the network."""
    root = tmp_path_factory.mktemp("page") / "workspace"
    write_workspace(root, (), ())
    for name, table in TABLES.items():
        folder = root / "projects" / name
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(table.replace("pydantic>=2,<3", "small"), encoding="utf-8")
    _lock(root)
    (root / "projects/billing/main.py").write_text(MAIN.format(name="billing"), encoding="utf-8")
    runs_here(root)
    commit(root)
    try:
        yield Stage.at(root)
    finally:
        down(root)


def _lock(root: Path) -> None:
    path = root / "projects/common/pylock.toml"
    path.write_text(LOCK.format(package="small", wheel="small-1.0-py3-none-any.whl"), encoding="utf-8")
    add_wheels(path)


def test_the_page_has_both_units_and_three_commands() -> None:
    assert list(TABLES) == ["common", "billing"]
    assert [words[1].rpartition("/")[2] for words in COMMANDS] == ["lock.py", "plan.py", "deploy.py"]


def test_after_the_page_the_function_runs_with_the_layer(stage: Stage) -> None:
    said = ""
    for _, script, *words in COMMANDS[1:]:
        done = stage.script(Path(script).stem, *words, *(["--yes"] if "deploy" in script else []))
        assert done.code == 0, done.err
        said += done.out + done.err

    assert re.search(r"note: its functions get the layer [0-9a-f]{12} of common", said), said
    answered = stage.script("invoke", "billing", "main", "sandbox")
    assert '"layer": "small"' in answered.out, answered.err
