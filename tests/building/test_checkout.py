"""What Git calls clean and is not there: the right bytes are staged, or the file is named and nothing is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from multi_env_lambda.building.source import stage_source
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.project import Project

PROJECT = Project(name="beta", folder="projects/beta", version="0.1.0", shared=("libs/money",))
RATES = "projects/beta/beta/data/rates.csv"
FILES = {
    "projects/beta/pyproject.toml": '[project]\nname = "beta"\nversion = "0.1.0"\n',
    "projects/beta/beta/main.py": "def handler(event, context): ...\n",
    RATES: "a,1\n",
    "libs/money/money.py": "x = 1\n",
    "projects/other/data/other.csv": "b,2\n",
}
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345678\n"


def git(root: Path, *words: str, text: str | None = None) -> str:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always", *words]
    done = subprocess.run(command, cwd=root, env={**os.environ, **who}, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "r"
    for name, text in FILES.items():
        write(root, name, text)
    git(root, "init", "-q")
    commit(root)
    return root


def write(root: Path, name: str, text: str | bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


def staged(root: Path) -> list[str]:
    with stage_source(root, PROJECT) as found:
        return [path for path, _, _ in found.files]


def refusal(root: Path) -> str:
    assert git(root, "status", "--porcelain") == "", "git would tell the user"
    with pytest.raises(BuildError) as caught:
        staged(root)
    return str(caught.value)


def test_a_file_that_a_sparse_checkout_leaves_out_is_refused(root: Path) -> None:
    git(root, "sparse-checkout", "set", "--no-cone", "/*", "!/projects/beta/beta/data/")
    text = refusal(root)
    assert f"{RATES} is committed but not checked out here" in text
    assert "git sparse-checkout disable" in text
    git(root, "sparse-checkout", "disable")
    assert RATES in staged(root)


@pytest.mark.parametrize("index", ["--sparse-index", "--no-sparse-index"])
def test_a_shared_folder_that_a_sparse_checkout_leaves_out_is_refused_by_its_files(root: Path, index: str) -> None:
    git(root, "sparse-checkout", "set", "--cone", index, "projects/beta")
    assert "libs/money/money.py is committed but not checked out here" in refusal(root)


def test_what_a_sparse_checkout_leaves_out_elsewhere_does_not_matter(root: Path) -> None:
    with_all = staged(root)
    git(root, "sparse-checkout", "set", "--cone", "projects/beta", "libs")
    assert not (root / "projects/other").exists()
    assert staged(root) == with_all


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_an_edit_that_git_is_told_not_to_see_is_refused(root: Path, flag: str) -> None:
    git(root, "update-index", f"--{flag}", RATES)
    assert RATES in staged(root)
    write(root, RATES, "a,2\n")
    text = refusal(root)
    assert f"{RATES} differs from what is committed" in text
    assert f"git update-index --no-{flag} {RATES}" in text


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_a_link_that_git_is_told_not_to_see_is_compared_too(root: Path, flag: str) -> None:
    link = root / "projects/beta/beta/link.py"
    link.symlink_to("main.py")
    commit(root)
    git(root, "update-index", f"--{flag}", "projects/beta/beta/link.py")
    assert "projects/beta/beta/link.py" in staged(root)
    link.unlink()
    link.symlink_to("data/rates.csv")
    assert "link.py differs from what is committed" in refusal(root)


def test_a_file_that_is_missing_and_assumed_unchanged_is_refused(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", RATES)
    (root / RATES).unlink()
    text = refusal(root)
    assert f"{RATES} is committed but not checked out here" in text
    assert f"git checkout -- {RATES}" in text


def test_a_file_that_was_deleted_in_plain_sight_is_an_edit(root: Path) -> None:
    (root / RATES).unlink()
    assert RATES not in staged(root)


def test_a_pointer_of_git_lfs_is_refused_with_the_size_that_is_missing(root: Path) -> None:
    write(root, "projects/beta/.gitattributes", "*.bin filter=lfs\n")
    write(root, "projects/beta/beta/weights.bin", POINTER)
    commit(root)
    text = refusal(root)
    assert text.startswith("projects/beta/beta/weights.bin: is a Git LFS pointer")
    assert "12345678 bytes are missing" in text
    assert "git lfs pull" in text


@pytest.mark.parametrize(
    ("content", "command"),
    [
        (POINTER.encode(), "git lfs pull"),
        (b"/annex/objects/SHA256E-s12--abc.bin\n", "git annex get"),
        (b"\0GITCRYPT\0" + bytes(range(99)), "git-crypt unlock"),
    ],
)
def test_a_placeholder_is_refused_without_any_attribute(root: Path, content: bytes, command: str) -> None:
    write(root, "libs/money/weights.bin", content)
    commit(root)
    text = refusal(root)
    assert text.startswith("libs/money/weights.bin: ")
    assert command in text


def test_the_content_behind_a_pointer_is_staged_without_a_word(root: Path) -> None:
    write(root, "projects/beta/.gitattributes", "*.bin filter=lfs\n")
    write(root, "projects/beta/beta/weights.bin", bytes(1000))
    commit(root)
    assert "projects/beta/beta/weights.bin" in staged(root)


@pytest.mark.parametrize("there", ["empty folder", "no folder"])
def test_a_submodule_that_is_not_checked_out_is_refused(root: Path, tmp_path: Path, there: str) -> None:
    inner = tmp_path / "inner"
    write(inner, "inner.py", "x = 1\n")
    git(inner, "init", "-q")
    commit(inner)
    git(root, "submodule", "--quiet", "add", str(inner), "projects/beta/beta/inner")
    commit(root)
    git(root, "submodule", "deinit", "-q", "-f", "--all")
    if there == "no folder":
        git(root, "config", "diff.ignoreSubmodules", "all")
        (root / "projects/beta/beta/inner").rmdir()
    assert "projects/beta/beta/inner is a separate repository (a Git submodule)" in refusal(root)


def test_a_filter_that_this_clone_has_no_program_for_is_told_by_file(root: Path) -> None:
    write(root, "projects/beta/.gitattributes", "*.csv filter=upper\n")
    commit(root)
    with stage_source(root, PROJECT) as found:
        assert found.doubtful == ((RATES, "upper"),)
        without = found.key
    git(root, "config", "filter.upper.smudge", "cat")
    with stage_source(root, PROJECT) as found:
        assert found.doubtful == ()
        assert found.key != without


# --- settings that a clone has and a commit has not ---


def test_modes_come_from_git_where_the_file_system_has_none(root: Path) -> None:
    write(root, "projects/beta/beta/run.sh", "#!/bin/sh\n")
    (root / "projects/beta/beta/run.sh").chmod(0o755)
    commit(root)
    with stage_source(root, PROJECT) as found:
        before = found.files
    git(root, "config", "core.fileMode", "false")
    for path in (root / "projects").rglob("*.*"):
        path.chmod(0o777 if path.suffix != ".sh" else 0o644)
    with stage_source(root, PROJECT) as found:
        assert found.files == before
        assert [path for path, executable, _ in found.files if executable] == ["projects/beta/beta/run.sh"]


def test_a_link_that_a_clone_has_as_text_is_refused(root: Path) -> None:
    link = root / "projects/beta/beta/link.py"
    link.symlink_to("main.py")
    commit(root)
    git(root, "config", "core.symlinks", "false")
    link.unlink()
    git(root, "checkout", "--", "projects/beta/beta/link.py")
    assert link.read_text() == "main.py"
    text = refusal(root)
    assert "link.py is committed as a symbolic link" in text and "git config core.symlinks true" in text


@pytest.mark.parametrize("setting", [("core.autocrlf", "true"), ("core.eol", "crlf")])
def test_line_ends_that_a_clone_made_are_refused_and_those_that_the_repository_wants_are_not(
    root: Path, setting: tuple[str, str]
) -> None:
    write(root, ".gitattributes", "* text=auto\n")
    commit(root)
    git(root, "config", *setting)
    (root / RATES).unlink()
    git(root, "checkout", "--", RATES)
    assert (root / RATES).read_bytes() == b"a,1\r\n"
    assert f"{RATES} has CRLF line endings here" in refusal(root)
    write(root, ".gitattributes", "* text=auto\n*.csv text eol=crlf\n")
    commit(root)
    assert RATES in staged(root)
