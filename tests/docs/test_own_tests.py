"""The page about tests of one's own, followed: its files are written, and its command is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.house import ROOT

pytestmark = pytest.mark.story

PAGE = ROOT / "docs" / "source" / "02-How-To" / "test-your-own.rst"
FILE = re.compile(r"\.\. code-block:: python\n   :caption: (\S+)\n\n((?:    .*\n|\n)+)")
COMMAND = re.compile(r"    \$ python (.+)\n    (\d+ passed)")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The sample unit that the page is about, as a repository of somebody else's."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "projects" / "reports", folder / "projects" / "reports")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_its_files_are_tests_that_pass_by_its_command(repository: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, block in FILE.findall(page):
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(block), encoding="utf-8")
    ((words, ending),) = COMMAND.findall(page)

    # Of this repository's own pytest settings nothing counts there.
    settings = ["-c", os.devnull, "--rootdir", os.fspath(repository), "-p", "no:cacheprovider"]
    argv = [sys.executable, *words.split(), *settings]
    done = subprocess.run(argv, cwd=repository, capture_output=True, text=True, check=False)

    assert f"{ending} in" in done.stdout, done.stdout + done.stderr


def test_it_uses_only_what_is_public() -> None:
    modules = set(re.findall(r"from (multi_env_lambda[\w.]*) import", PAGE.read_text(encoding="utf-8")))

    assert {module for module in modules if not module.startswith("multi_env_lambda.testing.")} == {"multi_env_lambda"}
