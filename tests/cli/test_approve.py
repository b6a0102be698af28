"""The verb `approve` as a process: a build is no somebody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.story


@pytest.mark.parametrize("name", ["CODEBUILD_BUILD_ID", "GITHUB_ACTIONS", "CI"])
def test_a_build_cannot_approve(tmp_path: Path, name: str) -> None:
    (tmp_path / "plan.json").write_text("{}")
    argv = [sys.executable, "-m", "multi_env_lambda", "approve", "plan.json"]

    def approve(**more: str) -> tuple[int, str]:
        env = {**os.environ, **more}
        done = subprocess.run(
            argv, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    code, said = approve(**{name: "true"})
    # Nothing is here that could be approved, but a person gets as far as being told so.
    assert (code, f"`{name}` is set: this is a build, and a build cannot approve" in said) == (9, True)
    assert approve()[0] == 3
