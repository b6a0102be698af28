"""Which saved files are noticed: those that Git tracks or would track, once nothing changes any more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from multi_env_lambda.host.saved_files import LOOK_SECONDS, SETTLED_SECONDS, SavedFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name, text in {
        "unit/main.py": "1",
        "unit/deep/a.py": "1",
        "unit/.gitignore": "*.log\ncache/\n",
        "unit/cache/x.bin": "1",
        "other/b.py": "1",
        "pyproject.toml": "1",
    }.items():
        write(tmp_path / name, text)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def waiting(steps: Iterable[Callable[[], object]]) -> Callable[[float], None]:
    """A sleep in which one step after the other is done; after the last one, somebody presses Ctrl-C at the next look.

    What has to settle is left in peace.
    """
    left = list(steps)

    def sleep(seconds: float) -> None:
        if left and seconds == LOOK_SECONDS:
            left.pop(0)()
        elif seconds == LOOK_SECONDS:
            raise KeyboardInterrupt

    return sleep


def saved(root: Path, *steps: Callable[[], object]) -> tuple[str, ...]:
    return SavedFiles.of(root, ["unit", "pyproject.toml", "absent.txt"]).wait(waiting(steps))


@pytest.mark.parametrize(
    ("name", "text"),
    [("unit/main.py", "22"), ("unit/deep/new.py", "1"), ("unit/new/deep/x.py", "1"), ("pyproject.toml", "22")],
)
def test_a_file_that_is_saved_or_new_is_noticed(root: Path, name: str, text: str) -> None:
    assert saved(root, lambda: write(root / name, text)) == (name,)


def test_a_file_of_the_same_size_is_noticed_by_its_time(root: Path) -> None:
    assert saved(root, lambda: os.utime(root / "unit/main.py", ns=(1, 1))) == ("unit/main.py",)


def test_a_deleted_file_is_noticed(root: Path) -> None:
    assert saved(root, (root / "unit/deep/a.py").unlink) == ("unit/deep/a.py",)


def test_a_file_that_an_editor_puts_in_place_of_another_is_noticed(root: Path) -> None:
    def replace() -> None:
        write(root / "unit/main.py~", "22")
        os.replace(root / "unit/main.py~", root / "unit/main.py")

    assert saved(root, replace) == ("unit/main.py",)


def test_a_file_that_was_not_there_may_come(root: Path) -> None:
    assert saved(root, lambda: write(root / "absent.txt", "1")) == ("absent.txt",)


@pytest.mark.parametrize("name", ["unit/x.log", "unit/cache/y.bin", "other/b.py", "unit/cache/deep/z.py"])
def test_what_git_ignores_and_what_lies_elsewhere_is_not(root: Path, name: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        saved(root, lambda: write(root / name, "22"))


def test_an_ignored_file_that_goes_is_not_noticed(root: Path) -> None:
    write(root / "unit/x.log", "1")

    with pytest.raises(KeyboardInterrupt):
        saved(root, (root / "unit/x.log").unlink)


def test_several_files_of_one_save_come_together(root: Path) -> None:
    files = SavedFiles.of(root, ["unit"])
    left = [lambda: write(root / "unit/main.py", "22"), lambda: write(root / "unit/deep/a.py", "22")]

    def sleep(seconds: float) -> None:
        if left and (seconds == SETTLED_SECONDS or len(left) == 2):
            left.pop(0)()

    assert files.wait(sleep) == ("unit/deep/a.py", "unit/main.py")


def test_each_save_is_told_once(root: Path) -> None:
    files = SavedFiles.of(root, ["unit"])
    assert files.wait(waiting([lambda: write(root / "unit/main.py", "22")])) == ("unit/main.py",)

    with pytest.raises(KeyboardInterrupt):
        files.wait(waiting([]))


def test_what_is_no_longer_ignored_is_noticed(root: Path) -> None:
    files = SavedFiles.of(root, ["unit"])
    files.wait(waiting([lambda: write(root / "unit/.gitignore", "*.log\n")]))

    assert files.wait(waiting([lambda: None])) == ("unit/cache/x.bin",)
