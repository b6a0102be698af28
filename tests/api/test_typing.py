"""mypy in strict mode understands a notebook of the public names, and refuses what is misspelt."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).parent / "story.py"
ROOT = STORY.parent.parent.parent


@pytest.mark.slow
def test_a_notebook_of_public_names_is_checked_by_mypy() -> None:
    argv = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", str(STORY)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = STORY.read_text("utf-8").splitlines()

    found = {int(line) for line in re.findall(r"story\.py:(\d+): error", done.stdout)}
    assert found == {number for number, line in enumerate(lines, start=1) if "# wrong" in line}, done.stdout
