"""The ids of a work tree are those that a commit of it would have, whatever part of it is checked out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.git import committed_text, left_out, snapshot

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


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(root: Path) -> None:
    (root / "projects/a/x").write_text("edited")


def add(root: Path) -> None:
    (root / "projects/a/new").write_text("new")


def delete(root: Path) -> None:
    (root / "projects/a/d/y").unlink()


def stage(root: Path) -> None:
    edit(root)
    git(root, "add", "-A")


def make_executable(root: Path) -> None:
    (root / "projects/a/x").chmod(0o755)


@pytest.mark.parametrize("change", [edit, add, delete, stage, make_executable])
def test_a_change_gives_the_id_that_its_commit_will_have_and_no_other_folder_another(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    root = repository(tmp_path)
    before = snapshot(root, PATHS)
    change(root)
    dirty = snapshot(root, PATHS)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "y")
    after = snapshot(root, PATHS)

    assert (before.dirty, dirty.dirty, after.dirty) == (False, True, False)
    assert dirty.ids == after.ids
    assert dirty.ids["projects/a"] != before.ids["projects/a"]
    assert dirty.ids["projects/b"] == before.ids["projects/b"]
    assert before.commit == dirty.commit != after.commit


def test_what_git_ignores_is_no_change(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / ".git/info/exclude").write_text("*.log\n")
    before = snapshot(root, PATHS)
    (root / "projects/a/x.log").write_text("noise")

    assert snapshot(root, PATHS) == before


def test_a_change_elsewhere_is_none_here(tmp_path: Path) -> None:
    root = repository(tmp_path)
    before = snapshot(root, PATHS)
    (root / "README").write_text("new")

    assert snapshot(root, PATHS) == before


def test_looking_leaves_index_and_objects_as_they_are(tmp_path: Path) -> None:
    root = repository(tmp_path)
    add(root)
    edit(root)
    git(root, "status")
    before = files_of(root / ".git")
    snapshot(root, PATHS)

    assert files_of(root / ".git") == before


def test_before_the_first_commit_everything_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "projects/a").mkdir(parents=True)
    (tmp_path / "projects/a/x").write_text("x")
    git(tmp_path, "init", "-q")
    found = snapshot(tmp_path, PATHS)

    assert (found.commit, found.committed, list(found.ids)) == ("", "", ["projects/a"])


def test_a_workspace_below_the_top_of_its_repository_has_the_same_ids(tmp_path: Path) -> None:
    alone, below = repository(tmp_path / "alone"), tmp_path / "top" / "workspace"
    repository(below)
    shutil.rmtree(below / ".git")
    git(below.parent, "init", "-q")
    git(below.parent, "add", "-A")
    git(below.parent, "commit", "-qm", "x")
    assert snapshot(below, PATHS).ids == snapshot(alone, PATHS).ids
    for root in (alone, below):
        edit(root)
    assert snapshot(below, PATHS).ids == snapshot(alone, PATHS).ids


def test_the_committed_text_of_a_file_is_not_that_of_the_work_tree(tmp_path: Path) -> None:
    root = repository(tmp_path / "top") / "projects"
    assert committed_text(root, "a/x") == "projects/a/x"
    (root / "a/x").write_text("edited")
    assert committed_text(root, "a/x") == "projects/a/x"
    assert committed_text(root, "a/nothing") is None
    assert committed_text(tmp_path, "a/x") is None


def test_a_committed_file_that_git_cannot_show_is_not_one_that_is_not_there(tmp_path: Path) -> None:
    root = repository(tmp_path)
    objects = root / ".git" / "objects"
    id_ = snapshot(root, ["projects/b/z"]).ids["projects/b/z"]
    (objects / id_[:2] / id_[2:]).unlink()

    assert committed_text(root, "projects/a/x") == "projects/a/x"
    with pytest.raises(ToolError):
        committed_text(root, "projects/b/z")


def test_a_repository_that_is_damaged_is_not_told_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        snapshot(tmp_path, [])
    assert caught.value.hint == "run this inside a Git work tree; create one with `git init` and a commit"

    git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "config").write_text("[core\n")
    with pytest.raises(ToolError) as caught:
        snapshot(tmp_path, [])
    assert caught.value.hint == "let `git status` work here first"


def many(root: Path) -> tuple[str, ...]:
    """Thirty units in one folder, a library, and a unit inside of another; some are changed."""
    for number in range(30):
        (root / f"projects/u{number:02d}/inner").mkdir(parents=True)
        (root / f"projects/u{number:02d}/inner/x").write_text(f"{number}")
    (root / "libs/common").mkdir(parents=True)
    (root / "libs/common/x").write_text("x")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "many")
    (root / "projects/u03/inner/x").write_text("edited")
    (root / "projects/u04/new").write_text("new")
    (root / "projects/loose").write_text("of no unit")
    units = (f"projects/u{number:02d}" for number in range(30))
    return (*units, "projects/u04/inner", "projects/u05/inner", "libs/common", "nothing/there", "build-constraints.txt")


@pytest.mark.parametrize("below", ["", "top/workspace"])
def test_of_many_folders_each_has_the_id_and_the_changes_that_it_has_alone(tmp_path: Path, below: str) -> None:
    repository(tmp_path)
    root = tmp_path / below
    paths = many(root)
    together, alone = snapshot(root, paths), [snapshot(root, [path]) for path in paths]

    assert together.ids == {path: id_ for one in alone for path, id_ in one.ids.items()}
    assert set(together.changed) == {file for one in alone for file in one.changed}
    assert sorted(together.changed) == ["projects/u03/inner/x", "projects/u04/new"]
    assert together.ids.keys() == set(paths) - {"nothing/there", "build-constraints.txt"}


def test_git_is_asked_as_often_and_for_as_little_however_many_folders_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, log = repository(tmp_path / "w"), tmp_path / "log"
    paths = many(root)
    monkeypatch.setenv("GIT_TRACE", str(log))

    def asked(paths: tuple[str, ...]) -> list[str]:
        log.write_text("")
        snapshot(root, paths)
        return [line.partition("built-in: ")[2] for line in log.read_text().splitlines() if "built-in: git" in line]

    clean, dirty = paths[10:], paths
    assert [line.split()[1] for line in asked(clean)] == ["rev-parse", "log", "status", "ls-tree"]
    assert [line.split()[1] for line in asked(clean[:1])] == ["rev-parse", "log", "status", "ls-tree"]
    status = next(line for line in asked(dirty) if "git status" in line)
    assert status.partition(" -- ")[2].split()[:2] == ["pyproject.toml", "projects/"]
    (added,) = (line for line in asked(dirty) if "git add" in line)
    assert added.partition(" -- ")[2].split() == ["projects/u03", "projects/u04"]
