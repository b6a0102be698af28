"""A clone as a run of the CI sees it, with real Git: what others push, how commits relate, and a tree of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.branches import Branches, cloned
from tests.host.test_lineage import commit, git

HOSTILE = ("feat/$(touch${IFS}pwned)", 'a"b', "a`id`b", "a'b;c", "x|y", "main-", "é", "a" * 200)


@attrs.frozen
class Scene:
    """Ada's clone, the repository that she pushes to, and the clone of a build."""

    ada: Path
    origin: Path
    build: Path
    branches: Branches

    def push(self, *refs: str, force: bool = False) -> None:
        git(self.ada, "push", "-q", *(["--force"] if force else []), "origin", *refs)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    ada, origin, build = tmp_path / "ada", tmp_path / "origin.git", tmp_path / "build"
    git(tmp_path, "init", "-q", "--bare", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(ada))
    for number in range(4):
        commit(ada, a=str(number))
    git(ada, "push", "-q", "origin", "HEAD:main")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", str(build))
    with cloned(build) as branches:
        yield Scene(ada, origin, build, branches)


def test_what_others_push_is_seen_with_the_next_look_and_at_once_where_it_is_asked_for(scene: Scene) -> None:
    scene.branches.fetch()
    before = scene.branches.heads()["main"].commit
    newer = commit(scene.ada, a="new")
    scene.push("HEAD:main", "HEAD:refs/heads/feature/x")

    assert scene.branches.heads()["main"].commit == before
    assert scene.branches.head_now("main") == newer
    scene.branches.fetch()
    assert {name: ref.commit for name, ref in scene.branches.heads().items()} == {"main": newer, "feature/x": newer}
    assert scene.branches.kin(before, newer) == "ancestor"

    scene.push(":refs/heads/feature/x", "HEAD:refs/heads/feature")
    scene.branches.fetch()
    assert scene.branches.heads().keys() == {"main", "feature"}
    assert scene.branches.head_now("feature/x") == ""


def test_commits_of_all_relations_are_told_apart_in_a_clone_of_depth_1(scene: Scene) -> None:
    base = git(scene.ada, "rev-parse", "HEAD~2")
    tip = git(scene.ada, "rev-parse", "HEAD")
    git(scene.ada, "checkout", "-q", "-b", "side", base)
    side = commit(scene.ada, a="side")
    scene.push("side")
    scene.branches.fetch()
    kin = scene.branches.kin

    assert (kin(tip, tip), kin(base, tip), kin(tip, base), kin(side, tip)) == (
        "ancestor",
        "ancestor",
        "newer",
        "diverged",
    )
    assert [kin(name, tip) for name in ("1" * 40, "", "--help", "HEAD")] == ["unknown"] * 4
    assert scene.branches.has(tip, base)
    assert not scene.branches.has(tip, side)


def test_names_of_branches_and_tags_are_only_texts(scene: Scene) -> None:
    git(scene.ada, "tag", "-a", "orders-0.1.0", "-m", "x")
    git(scene.ada, "tag", "of-a-tree", "HEAD^{tree}")
    scene.push(*(f"HEAD:refs/heads/{name}" for name in HOSTILE), "orders-0.1.0", "of-a-tree")
    git(scene.origin, "update-ref", "refs/heads/-rf", git(scene.ada, "rev-parse", "HEAD"))
    scene.branches.fetch()
    tip = git(scene.ada, "rev-parse", "HEAD")

    assert scene.branches.heads().keys() == {"main", "-rf", *HOSTILE}
    assert {scene.branches.head_now(name) for name in ("-rf", *HOSTILE)} == {tip}
    assert {name: ref.commit for name, ref in scene.branches.tags().items()} == {"orders-0.1.0": tip}
    assert scene.branches.head_now("*") == ""
    assert not list(scene.build.parent.rglob("*pwned"))


@pytest.mark.parametrize("name", ["--upload-pack=touch pwned", "HEAD", "main", "$(id)", ""])
def test_nothing_is_checked_out_but_a_commit(scene: Scene, name: str) -> None:
    with pytest.raises(ToolError, match="no name of a commit"):
        scene.branches.check_out(name)


def test_the_tree_has_what_a_commit_has_and_the_clone_stays_as_it_is(scene: Scene) -> None:
    scene.branches.fetch()
    (scene.build / "projects" / "a" / "main.py").write_text("somebody works here")
    older, tip = git(scene.ada, "rev-parse", "HEAD~1"), git(scene.ada, "rev-parse", "HEAD")
    root = scene.branches.check_out(older)
    file = root / "projects" / "a" / "main.py"
    assert file.read_text() == "2"

    file.write_text("left by what ran")
    (root / "left").mkdir()
    (root / ".multi_env_lambda").mkdir()
    assert scene.branches.check_out(tip) == root
    assert (file.read_text(), (root / "left").exists(), (root / ".multi_env_lambda").exists()) == ("3", False, True)
    assert (scene.build / "projects" / "a" / "main.py").read_text() == "somebody works here"
    assert git(scene.build, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_nothing_is_left_of_the_tree(tmp_path: Path, scene: Scene) -> None:
    with cloned(scene.build) as branches:
        branches.fetch()
        root = branches.check_out(git(scene.ada, "rev-parse", "HEAD"))

    assert not root.exists()
    assert len(git(scene.build, "worktree", "list").splitlines()) == 1


def test_a_hook_of_the_clone_does_not_run(scene: Scene) -> None:
    hook = scene.build / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {scene.build}/ran\n")
    hook.chmod(0o755)
    scene.branches.fetch()
    scene.branches.check_out(git(scene.ada, "rev-parse", "HEAD"))

    assert not (scene.build / "ran").exists()


@pytest.mark.parametrize("name", ["refs/pull/7/head", "refs/merge-requests/7/head", "refs/pull-requests/7/from"])
def test_a_pull_request_is_found_by_what_its_host_calls_it(scene: Scene, name: str) -> None:
    theirs = commit(scene.ada, a="theirs")
    scene.push(f"HEAD:{name}")
    scene.branches.fetch()

    assert (scene.branches.request(7), scene.branches.request(77)) == (theirs, "")
    assert (scene.branches.check_out(theirs) / "projects" / "a" / "main.py").read_text() == "theirs"


def test_a_file_is_read_at_a_commit_and_a_log_is_not_confused_by_texts(scene: Scene) -> None:
    (scene.ada / "ci.py").write_text("decides")
    git(scene.ada, "add", "-A")
    git(scene.ada, "commit", "-q", "-m", "first line\n\ncommit " + "1" * 40 + "\n\nOnly: a\x01")
    scene.push("HEAD:main")
    scene.branches.fetch()
    tip, before = git(scene.ada, "rev-parse", "HEAD"), git(scene.ada, "rev-parse", "HEAD~1")

    assert (scene.branches.file(tip, "ci.py"), scene.branches.file(before, "ci.py")) == (b"decides", None)
    log = list(scene.branches.log(tip))
    assert (len(log), log[0][0], log[0][1].splitlines()[0]) == (5, tip, "first line")
    assert scene.branches.author(tip) == "t@t <t@t>"


def test_a_workspace_below_the_root_of_its_repository_is_found_there(tmp_path: Path, scene: Scene) -> None:
    (scene.ada / "below").mkdir()
    (scene.ada / "below" / "ci.py").write_text("here")
    git(scene.ada, "add", "-A")
    git(scene.ada, "commit", "-q", "-m", "x")
    scene.push("HEAD:main")
    clone = tmp_path / "another"
    git(tmp_path, "clone", "-q", str(scene.origin), str(clone))
    with cloned(clone / "below") as branches:
        branches.fetch()
        tip = branches.heads()["main"].commit
        assert branches.file(tip, "ci.py") == b"here"
        assert (branches.check_out(tip) / "ci.py").read_text() == "here"


def test_a_remote_that_does_not_answer_is_an_error_that_says_so(scene: Scene) -> None:
    git(scene.build, "remote", "set-url", "origin", str(scene.origin) + "-gone")

    with pytest.raises(ToolError, match="git in build"):
        scene.branches.fetch()
