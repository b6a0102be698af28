"""The ids of a work tree are those that a commit of it would have, whatever part of it is checked out."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from multi_env_lambda.host.git import left_out, snapshot

PATHS = ("projects/a", "projects/b")


def git(root: Path, *words: str) -> None:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words]
    subprocess.run(command, cwd=root, env={**os.environ, **who}, check=True, capture_output=True)


def repository(root: Path) -> Path:
    for name in ("projects/a/x", "projects/a/d/y", "projects/b/z"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")
    return root


@pytest.mark.parametrize("sparse", [["--no-cone", "/*", "!/projects/a/d/"], ["--cone", "projects/b"]])
def test_a_sparse_checkout_with_edits_has_the_ids_of_a_full_one(tmp_path: Path, sparse: list[str]) -> None:
    full, part = repository(tmp_path / "full"), repository(tmp_path / "part")
    git(part, "sparse-checkout", "set", *sparse)
    assert not (part / "projects/a/d").exists()
    assert snapshot(part, PATHS).ids == snapshot(full, PATHS).ids
    for root in (full, part):
        (root / "projects/b/z").write_text("edited")
        (root / "projects/a/d").mkdir(parents=True, exist_ok=True)
        (root / "projects/a/d/new").write_text("new")
    assert snapshot(part, PATHS).ids == snapshot(full, PATHS).ids
    assert snapshot(part, PATHS).dirty


def test_a_folder_that_a_sparse_checkout_leaves_out_is_told_from_one_that_is_gone(tmp_path: Path) -> None:
    for name in ("here", "elsewhere", "deleted"):
        (tmp_path / "projects" / name).mkdir(parents=True)
        (tmp_path / "projects" / name / "main.py").write_text("", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all")
    git(tmp_path, "sparse-checkout", "set", "projects/here", "projects/deleted")
    shutil.rmtree(tmp_path / "projects" / "deleted")
    folders = [f"projects/{name}" for name in ("here", "elsewhere", "deleted", "never-was")]

    assert left_out(tmp_path, folders) == {"projects/elsewhere"}
