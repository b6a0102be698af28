"""What the documentation says exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from multi_env_lambda.cli.main import VERBS
from multi_env_lambda.plan.skeleton import SCRIPTS, new_unit

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.rst", ROOT / "CONTRIBUTING.rst", *sorted((ROOT / "docs").rglob("*.rst"))]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_is_a_verb(path: Path) -> None:
    found = re.findall(r"(?<![\w/])(?:bin/automation/)?([a-z]+)\.py [A-Za-z-]|-m multi_env_lambda ([a-z]+)", text(path))

    assert {script or verb for script, verb in found} - set(VERBS) == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_named_file_is_there(path: Path) -> None:
    named = re.findall(r"``((?:docs|tests|projects|libs|bin|multi_env_lambda)/[\w./-]+)``", text(path))

    assert [
        name for name in named if not (ROOT / name).exists() and not {"NAME", "billing"} & set(name.split("/"))
    ] == []


def test_the_reference_lists_every_verb() -> None:
    rows = re.findall(r"^``([a-z]+)``", text(ROOT / "docs/source/04-Reference/commands.rst"), re.MULTILINE)

    assert rows == list(VERBS)


def test_every_script_has_its_verb() -> None:
    assert set(SCRIPTS) <= set(VERBS)


def test_the_unit_of_the_readme_is_the_one_that_new_makes() -> None:
    shown = re.search(r"code-block:: toml\n\n((?:    .*\n|\n)+)", text(ROOT / "README.rst"))
    made = tomllib.loads(dict(new_unit("billing"))["projects/billing/pyproject.toml"])
    made["project"].pop("description")

    assert shown and tomllib.loads(shown.group(1).replace("\n    ", "\n")) == made


def test_the_readme_begins_with_the_two_commands() -> None:
    commands = re.findall(r"^    (\S+)", text(ROOT / "README.rst"), re.MULTILINE)

    assert commands[:2] == ["./bin/demo", "./bin/test"]


@pytest.mark.slow
def test_the_documentation_is_built_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "-n", "-W", "-q", "-b", "html", "docs/source", str(tmp_path / "html")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
