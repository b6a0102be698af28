"""mypy in strict mode understands a notebook of the public names, and refuses what is misspelt."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).parent / "story.py"


@pytest.mark.slow
def test_a_script_outside_of_this_repository_is_checked_by_mypy_against_what_is_installed(tmp_path: Path) -> None:
    """What is installed is found by its ``py.typed``; nothing that it gives is ``Any`` without saying so."""
    script = tmp_path / "story.py"
    script.write_bytes(STORY.read_bytes())
    strict = ["--strict", "--disallow-any-expr", "--config-file=", "--no-error-summary"]
    argv = [sys.executable, "-m", "mypy", *strict, script.name]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = STORY.read_text("utf-8").splitlines()

    found = {int(line) for line in re.findall(r"story\.py:(\d+): error", done.stdout)}
    assert found == {number for number, line in enumerate(lines, start=1) if re.search("# (wrong|Any)", line)}, (
        done.stdout
    )
