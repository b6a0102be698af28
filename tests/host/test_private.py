"""What is in work lies where no code of others may write, and goes whatever was put into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from multi_env_lambda.host.private import delete, is_shared, private_folder, private_parent


def test_it_lies_outside_of_what_a_function_may_write_to() -> None:
    with private_folder() as folder:
        assert not is_shared(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_folder_of_the_users_choice_is_taken() -> None:
    with private_folder() as own:
        assert private_parent(own) == own
    assert private_parent(Path("/tmp")) == Path("/var/tmp")


def test_folders_of_any_depth_go_and_links_are_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "a").write_text("a")
    with private_folder() as folder:
        (folder / "link").symlink_to(kept)
        (folder / "dangling").symlink_to("nowhere")
        (folder / "closed" / "inner").mkdir(parents=True)
        (folder / "closed").chmod(0)
        os.mkfifo(folder / "fifo")
        place = os.open(folder, os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("deep-down", dir_fd=place)
            inner = os.open("deep-down", os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
        os.close(place)
    assert (folder.exists(), (kept / "a").read_text()) == (False, "a")


def test_what_is_a_link_itself_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(OSError, match="(?i)not a directory|too many levels"):
        delete(tmp_path / "link")
