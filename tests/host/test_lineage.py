"""What Git says of commits that run, in clones as people and builds have them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from multi_env_lambda.host.lineage import pasts
from multi_env_lambda.model.ancestry import Past

PATHS = ("projects/a", "projects/b", "pyproject.toml")
ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(root: Path, *words: str) -> str:
    command = ["git", "-c", "init.defaultBranch=main", *words]
    return subprocess.run(command, cwd=root, env=ENV, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, **content: str) -> str:
    """Change units (`a="1"`) and commit; gives the commit."""
    for name, text in content.items():
        file = root / "projects" / name / "main.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x", "--allow-empty")
    return git(root, "rev-parse", "HEAD")


def id_of(root: Path, rev: str, path: str) -> str:
    return git(root, "rev-parse", f"{rev}:./{path}")


def ask(root: Path, rev: str, **ids: str) -> Past:
    """What is said of a commit; `ids` are recorded ones by unit."""
    asked = {path: [ids[path[-1]]] if path[-1] in ids else [] for path in PATHS}
    return pasts(root, {rev: asked})[rev]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A repository with one commit, in a folder of its own below the top."""
    (tmp_path / "team" / "ws").mkdir(parents=True)
    git(tmp_path / "team", "init", "-q")
    root = tmp_path / "team" / "ws"
    (root / "pyproject.toml").write_text("")
    commit(root, a="a1", b="b1")
    return root


def clone(team: Path, name: str = "mine", *options: str) -> Path:
    git(team.parent.parent, "clone", "-q", *options, team.parent.as_uri(), name)
    return team.parent.parent / name / "ws"


def test_an_ancestor_a_descendant_and_another_branch_are_told_apart(team: Path) -> None:
    first = git(team, "rev-parse", "HEAD")
    second = commit(team, a="a2")
    git(team, "checkout", "-qb", "other", first)
    other = commit(team, b="b2")
    git(team, "checkout", "-q", "--detach", second)

    assert (ask(team, first).kin, ask(team, other).kin) == ("ancestor", "diverged")
    git(team, "checkout", "-q", "--detach", first)
    newer = ask(team, second)

    assert newer.kin == "newer"
    assert newer.there["projects/a"] == id_of(team, second, "projects/a")
    assert newer.common["projects/a"] == id_of(team, first, "projects/a")
    assert newer.there["pyproject.toml"] == newer.common["pyproject.toml"]


def test_the_own_history_since_the_common_commit_is_looked_at_where_a_folder_differs(team: Path) -> None:
    first = git(team, "rev-parse", "HEAD")
    git(team, "checkout", "-qb", "other")
    other = commit(team, a="a2")
    git(team, "checkout", "-q", "main")
    commit(team, a="a2", b="b2")
    commit(team, a="a3")

    past = ask(team, other, a=id_of(team, other, "projects/a"))

    assert past.common["projects/a"] == id_of(team, first, "projects/a")
    assert [state.ids["projects/a"] for state in past.since] == [
        id_of(team, rev, "projects/a") for rev in ("HEAD", "HEAD~1")
    ]


def test_a_commit_that_only_the_remote_has_is_fetched_and_no_branch_is_moved(team: Path) -> None:
    mine = clone(team)
    before = git(mine, "for-each-ref")
    news = commit(team, a="a2")

    assert ask(mine, news).kin == "newer"
    assert git(mine, "for-each-ref") == before
    assert not (mine.parent / ".git" / "FETCH_HEAD").exists()


def test_of_several_commits_those_that_there_are_become_known(team: Path) -> None:
    mine = clone(team)
    news, gone = commit(team, a="a2"), "e" * 40

    found = pasts(mine, {news: {"projects/a": []}, gone: {"projects/a": []}})

    assert (found[news].kin, found[gone].kin) == ("newer", "unknown")


def test_without_a_remote_a_commit_stays_unknown_and_the_whole_own_history_is_looked_at(team: Path) -> None:
    commit(team, a="a2")
    past = ask(team, "e" * 40, a=id_of(team, "HEAD~1", "projects/a"))

    assert past.kin == "unknown"
    assert [state.ids["projects/a"] for state in past.since] == [
        id_of(team, rev, "projects/a") for rev in ("HEAD", "HEAD~1")
    ]


def test_a_shallow_clone_gets_its_history_first(team: Path) -> None:
    first = git(team, "rev-parse", "HEAD")
    commit(team, a="a2")
    commit(team, b="b2")
    mine = clone(team, "shallow", "--depth=1")

    assert ask(mine, first).kin == "ancestor"
    assert git(mine, "rev-parse", "--is-shallow-repository") == "false"


def test_a_commit_of_ones_own_that_was_amended_here_is_no_other_branch(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOME": os.devnull, "XDG_CONFIG_HOME": os.devnull, "EMAIL": ""}.items():
        monkeypatch.setenv(name, value)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    git(team, "config", "user.useConfigOnly", "true")
    before = commit(team, a="a2")
    (team / "projects" / "a" / "main.py").write_text("a3")
    git(team, "commit", "-qa", "--amend", "-m", "y")

    assert ask(team, before).kin == "diverged", "Nobody says who works here."
    git(team, "config", "user.name", "t")
    git(team, "config", "user.email", "t@t")
    assert ask(team, before).kin == "rewritten"
    git(team, "config", "user.email", "somebody@else")
    assert ask(team, before).kin == "diverged"


def test_histories_that_have_nothing_in_common_are_two_branches(team: Path) -> None:
    main = git(team, "rev-parse", "HEAD")
    git(team, "checkout", "-q", "--orphan", "new")
    commit(team, a="a9")

    past = ask(team, main, a=id_of(team, main, "projects/a"))

    assert (past.kin, past.common) == ("diverged", {})


def test_before_the_first_commit_nothing_was_committed(team: Path) -> None:
    past = ask(team, "", a=id_of(team, "HEAD", "projects/a"))

    assert (past.kin, past.there, len(past.since)) == ("ancestor", {}, 1)


@pytest.mark.parametrize("folder", ["projects/a", "projects/a\nHEAD:./projects/b"])
def test_what_others_have_written_into_a_record_is_no_option_of_git(team: Path, tmp_path: Path, folder: str) -> None:
    mine, made = clone(team), tmp_path / "made"
    commit(team, a="a2")
    evil = f"--upload-pack=touch {made};"

    found = pasts(mine, {evil: {folder: ["1" * 40]}, "HEAD": {folder: []}})

    assert ([past.kin for past in found.values()], made.exists()) == (["unknown", "unknown"], False)


def test_the_number_of_processes_depends_on_commits_and_not_on_folders(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(team, "rev-parse", "HEAD")
    commit(team, a="a2")
    log = tmp_path / "log"
    monkeypatch.setenv("GIT_TRACE", str(log))

    def processes(folders: int) -> int:
        log.write_text("")
        pasts(team, {first: {f"projects/{number}": ["1" * 40] for number in range(folders)}})
        return log.read_text().count("built-in: git")

    assert processes(1) == processes(200)
