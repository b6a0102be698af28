"""What is copied for a build: only what Git knows or would add, nothing from outside, with fixed times and modes."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from multi_env_lambda.building.stage import EPOCH, list_files, set_version, stage_folders
from multi_env_lambda.errors import BuildError, ToolError

FOLDER = "projects/orders"


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / FOLDER / "orders").mkdir(parents=True)
    (root / FOLDER / "orders" / "create.py").write_text("x = 1\n")
    git(tmp_path, "init", "-q", str(root))
    return root


def staged(root: Path, *folders: str) -> dict[str, bytes]:
    target = root.parent / "staged"
    target.mkdir()
    stage_folders(root, folders or (FOLDER,), target)
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def refused(root: Path, *folders: str) -> str:
    with pytest.raises(BuildError) as caught:
        staged(root, *folders)
    return str(caught.value)


def test_the_layout_is_kept(root: Path) -> None:
    (root / "libs/money").mkdir(parents=True)
    (root / "libs/money/money.py").write_text("y = 2\n")
    found = staged(root, FOLDER, "libs/money")
    assert found == {"projects/orders/orders/create.py": b"x = 1\n", "libs/money/money.py": b"y = 2\n"}


def test_ignored_files_stay_where_they_are(root: Path) -> None:
    (root / ".gitignore").write_text("*.env\n")
    (root / FOLDER / "prod.env").write_text("PASSWORD=1")
    assert "projects/orders/prod.env" not in staged(root)


def test_untracked_and_changed_files_are_taken_as_they_are(root: Path) -> None:
    git(root, "add", ".")
    (root / FOLDER / "orders" / "create.py").write_text("x = 2\n")
    (root / FOLDER / "new.py").write_text("n = 1\n")
    found = staged(root)
    assert (found["projects/orders/orders/create.py"], found["projects/orders/new.py"]) == (b"x = 2\n", b"n = 1\n")


def test_a_tracked_file_that_was_deleted_is_left_out(root: Path) -> None:
    (root / FOLDER / "old.py").write_text("")
    git(root, "add", ".")
    (root / FOLDER / "old.py").unlink()
    assert "projects/orders/old.py" not in staged(root)


def test_times_and_modes_are_fixed(root: Path) -> None:
    script = root / FOLDER / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    staged(root)
    copy = root.parent / "staged" / FOLDER
    assert (copy / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copy / "orders/create.py").stat().st_mode & 0o777 == 0o644
    assert {path.stat().st_mtime for path in copy.rglob("*")} == {EPOCH}


def test_a_workspace_below_the_top_of_the_repository_works(root: Path) -> None:
    target = root.parent / "staged"
    target.mkdir()
    stage_folders(root / "projects", ("orders",), target)
    assert (target / "orders/orders/create.py").is_file()


def test_a_folder_name_is_no_pattern(root: Path) -> None:
    (root / "projects/o*").mkdir()
    (root / "projects/o*/a.py").write_text("")
    assert list_files(root, "projects/o*") == ("projects/o*/a.py",)


@pytest.mark.parametrize("name", ["-rf.py", "quo\"te's.py", "sp ace, comma.py", "ünïcode.py", "$(id).py", "%0a.py"])
def test_unusual_names_are_copied(root: Path, name: str) -> None:
    (root / FOLDER / name).write_text("z")
    assert staged(root)[f"{FOLDER}/{name}"] == b"z"


@pytest.mark.parametrize("name", ["new\nline.py", "tab\t.py", "\x1b[31mred.py"])
def test_control_characters_in_a_name_are_refused(root: Path, name: str) -> None:
    (root / FOLDER / name).write_text("")
    text = refused(root)
    assert "has a control character" in text
    assert name not in text


def test_a_name_that_is_not_utf_8_is_refused(root: Path) -> None:
    with open(os.fsencode(root / FOLDER) + b"/caf\xe9.py", "w"):
        pass
    assert r"caf\xe9.py' is not UTF-8" in refused(root)


# --- symbolic links ---
@pytest.mark.parametrize(
    "target", ["/etc/hostname", "../../../secret", "../../libs/money.py", "orders/../../../../secret"]
)
def test_a_link_that_leaves_the_folder_is_refused_with_both_names(root: Path, target: str) -> None:
    (root.parent / "secret").write_text("secret")
    (root / "libs").mkdir()
    (root / "libs/money.py").write_text("")
    (root / FOLDER / "link.py").symlink_to(target)
    text = refused(root)
    assert "projects/orders/link.py leaves its folder" in text and repr(target) in text


def test_a_link_inside_becomes_a_file(root: Path) -> None:
    (root / FOLDER / "link.py").symlink_to("orders/create.py")
    assert staged(root)[f"{FOLDER}/link.py"] == b"x = 1\n"
    assert not (root.parent / "staged" / FOLDER / "link.py").is_symlink()


def test_a_link_to_a_folder_inside_becomes_a_folder(root: Path) -> None:
    (root / FOLDER / "other").symlink_to("orders")
    assert staged(root)[f"{FOLDER}/other/create.py"] == b"x = 1\n"


def test_a_link_that_leaves_through_another_link_is_refused(root: Path) -> None:
    (root / FOLDER / "one").symlink_to("two")
    (root / FOLDER / "two").symlink_to("/etc")
    assert "leaves its folder" in refused(root)


@pytest.mark.parametrize("target", ["loop", "."])
def test_a_link_to_itself_or_to_its_own_folder_is_refused(root: Path, target: str) -> None:
    (root / FOLDER / "loop").symlink_to(target)
    assert "symbolic link projects/orders/loop" in refused(root)


def test_links_that_lead_into_each_other_s_folders_end(root: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (root / FOLDER / one).mkdir()
        (root / FOLDER / one / "link").symlink_to(f"../{other}")
    assert "leads back to itself" in refused(root)


def test_a_link_of_npm_whose_program_git_ignores_is_left_out(root: Path) -> None:
    programs = root / FOLDER / "node_modules" / ".bin"
    programs.mkdir(parents=True)
    (programs / "uuid").symlink_to("../uuid/dist/bin/uuid")

    assert [*staged(root)] == ["projects/orders/orders/create.py"]


def test_a_link_to_an_ignored_file_is_refused(root: Path) -> None:
    (root / ".gitignore").write_text("*.env\n")
    (root / FOLDER / "prod.env").write_text("PASSWORD=1")
    (root / FOLDER / "settings.txt").symlink_to("prod.env")
    assert "missing or ignored by Git" in refused(root)


def test_a_folder_that_was_replaced_by_a_link_is_not_followed(root: Path) -> None:
    git(root, "add", ".")
    (root.parent / "outside").mkdir()
    (root.parent / "outside/create.py").write_text("stolen")
    (root / FOLDER / "orders/create.py").unlink()
    (root / FOLDER / "orders").rmdir()
    (root / FOLDER / "orders").symlink_to(root.parent / "outside")
    assert "projects/orders/orders leaves its folder" in refused(root)


def test_a_project_folder_that_is_a_link_is_refused(root: Path) -> None:
    (root / "projects/linked").symlink_to("orders")
    assert "projects/linked is a symbolic link to 'orders'" in refused(root, "projects/linked")


# --- what is no ordinary file ---
def test_a_repository_inside_the_folder_is_refused(root: Path) -> None:
    git(root.parent, "init", "-q", str(root / FOLDER / "vendor"))
    (root / FOLDER / "vendor/a.py").write_text("")
    assert "projects/orders/vendor/ is a separate repository" in refused(root)


def test_a_pipe_in_place_of_a_tracked_file_is_refused_and_not_waited_for(root: Path) -> None:
    git(root, "add", ".")
    (root / FOLDER / "orders/create.py").unlink()
    os.mkfifo(root / FOLDER / "orders/create.py")
    assert "create.py is not a regular file" in refused(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("name", ["orders/create.py", "orders"])
def test_an_unreadable_file_or_folder_is_an_error_and_not_a_gap(root: Path, name: str) -> None:
    git(root, "add", ".")
    (root / FOLDER / name).chmod(0)
    text = refused(root)
    (root / FOLDER / name).chmod(0o700)
    assert "projects/orders/orders/create.py cannot be copied: Permission denied" in text


def test_what_the_file_system_refuses_is_an_error_of_the_unit(root: Path) -> None:
    too_deep = root.parent.joinpath(*["d" * 250] * 17)
    with pytest.raises(BuildError, match=r"projects/orders: .*create\.py cannot be copied: File name too long"):
        stage_folders(root, (FOLDER,), too_deep)


@pytest.mark.parametrize("folder", ["libs/missing", "../outside", "/etc", "projects/orders/orders/create.py", "."])
def test_what_is_no_folder_of_the_workspace_is_refused(root: Path, folder: str) -> None:
    assert f"{folder}: " in refused(root, folder)


def test_without_git_the_hint_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "projects/orders").mkdir(parents=True)
    with pytest.raises(ToolError, match="git init"):
        stage_folders(tmp_path, (FOLDER,), tmp_path / "staged")


# --- the version ---
@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "a"\nversion = "0.1.1" # ours\n',
        "[project]\nversion='0.1.1'\n",
        '[project]\n"version" = """0.1.1"""\n',
        'project.version = "0.1.1"\n',
        'project = {name = "a", version = "0.1.1"}\n',
        '[tool.other]\nversion = "0.1.1"\n[project]\nversion = "0.1.1"\n',
        '# version = "0.1.1"\n[project]\r\ndescription = \'version = "0.1.1"\'\r\nversion   =   "0.1.1"\r\n',
    ],
)
def test_only_the_version_of_the_project_is_written_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode())
    set_version(path, "0.1.1.post2", where="x")
    before, after = tomllib.loads(text), tomllib.loads(path.read_bytes().decode())
    assert after.pop("project") == {**before.pop("project"), "version": "0.1.1.post2"} and before == after
    assert path.read_bytes().count(b".post2") == 1 and len(path.read_bytes()) == len(text.encode()) + len(".post2")


def test_a_version_that_is_written_with_an_escape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nversion = "0.1\\u002e1"\n')
    with pytest.raises(BuildError, match="cannot be replaced"):
        set_version(path, "0.1.2", where="x")


def test_a_dynamic_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\ndynamic = ["version"]\n')
    with pytest.raises(BuildError, match="has no `version`"):
        set_version(path, "0.1.2", where="x")
