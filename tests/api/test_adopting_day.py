"""A list that pins a few packages is locked with what else there was on the day on which it was committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from multi_env_lambda.host.git import run_git
from tests.api.test_adopting_pins import SERVICE, adopt, index, locked, project, root
from tests.simple_index import SimpleIndex

__all__ = ["index", "root"]


@pytest.fixture
def since_2021(root: Path, index: SimpleIndex) -> Path:
    """A project whose list was committed in 2021, when ``web`` 1.0 worked with the newest ``marks``, which was 1.1."""
    for version, day in (("1.0", "2020-03-01"), ("1.1", "2021-03-01"), ("2.0", "2022-03-01")):
        index.wheel("marks", version, "cp38" if version == "1.0" else "py3-none-any")
        index.days["marks", version] = day
    index.wheel("web", "1.0", "py3-none-any", "marks")
    index.days["web", "1.0"] = "2020-03-01"
    folder = project(root, "web==1.0\n", serverless_yml=SERVICE)
    commit(root, "2021-06-01T12:00:00Z")
    return folder


def commit(root: Path, day: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "all")):
        run_git(root, *words, env={**os.environ, "GIT_COMMITTER_DATE": day})


def test_what_a_list_leaves_open_has_the_version_of_the_day_on_which_it_was_changed(
    root: Path, since_2021: Path
) -> None:
    text = adopt(root).text()

    assert locked(root) == ["marks 1.1", "web 1.0"]
    assert (
        "~ requirements.txt:1 versions that no list pins → those of 2021-06-01: the list was last changed then" in text
    )
    commit(root, "2026-01-01T12:00:00Z")
    assert {one.what for one in adopt(root).files} == {"unchanged"}


def test_a_version_of_that_day_that_cannot_be_installed_is_the_next_that_can(root: Path, since_2021: Path) -> None:
    (since_2021 / "requirements.txt").write_text("web==1.0\n\n", encoding="utf-8")
    commit(root, "2020-06-01T12:00:00Z")

    adopt(root)

    assert locked(root) == ["marks 1.1", "web 1.0"]
    assert "override" not in (since_2021 / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("day", ["2019-06-01", "2030-06-01"])
def test_what_nothing_had_that_day_is_the_newest(root: Path, since_2021: Path, day: str) -> None:
    (since_2021 / "requirements.txt").write_text("web==1.0\n\n", encoding="utf-8")
    commit(root, f"{day}T12:00:00Z")

    adopt(root)

    assert locked(root) == ["marks 2.0", "web 1.0"]
