"""``bin/test`` runs all of its parts, whatever is red, and says at its end what was."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.house import ROOT

PYTHON = """#!/bin/sh
echo "$*" >> "{said}"
case "$*" in
    {red}
esac
"""
Run = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`bin/test` with an interpreter that only writes down what it is asked for, and fails where it is told to."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin/test", tmp_path / "bin/test")
    python, said = tmp_path / "python", tmp_path / "said"
    (tmp_path / "bin/venv").write_text(f'#!/bin/sh\necho "{python}"\n', "utf-8")
    (tmp_path / "projects/orders/tests").mkdir(parents=True)

    def started(*words: str, red: Mapping[str, int] | None = None) -> tuple[int, str, list[str]]:
        cases = "".join(f"*'{part}'*) exit {status};;\n    " for part, status in (red or {}).items())
        python.write_text(PYTHON.format(said=said, red=f"{cases}*) exit 0;;"), "utf-8")
        for path in (python, tmp_path / "bin/venv", tmp_path / "bin/test"):
            path.chmod(0o755)
        said.unlink(missing_ok=True)
        done = subprocess.run(
            [os.fspath(tmp_path / "bin/test"), *words], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        return done.returncode, done.stderr, said.read_text("utf-8").splitlines()

    return started


def test_every_part_runs_behind_a_red_one_and_the_first_failure_is_the_status(run: Run) -> None:
    whole = run()[2]
    code, said, asked = run(red={"ruff check": 7, "-n auto": 1, "loadfile": 2})

    assert (code, said) == (7, "red: lint, fast tests, slow tests\n")
    assert asked == whole
    assert len(whole) == 6 and "projects/orders/tests" in whole[4]


def test_green_says_nothing_and_no_test_of_a_kind_is_no_failure(run: Run) -> None:
    assert run(red={"-n auto": 5})[:2] == (0, "")


def test_a_red_test_of_a_unit_is_red(run: Run) -> None:
    assert run(red={"orders": 1})[:2] == (1, "red: tests of the units\n")


def test_the_long_part_ends_with_the_mutations_whatever_was_red(run: Run) -> None:
    code, said, asked = run("--long", red={"-m long tests/live": 1})

    assert (code, said) == (1, "red: live suite\n")
    assert asked[-1] == "-m tests.mutations"
