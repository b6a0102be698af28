"""The repository beside the local cloud, to which `local push` pushes."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.local.remote import push
from tests.end_to_end.stage import git


def test_another_branch_is_pushed_only_after_the_one_where_builds_begin(tmp_path: Path) -> None:
    root, state = tmp_path / "acme", tmp_path / "state"
    root.mkdir()
    state.mkdir()
    git(root, "init", "-q")
    git(root, "commit", "-q", "--allow-empty", "-m", "a state")

    with pytest.raises(LocalCloudError) as caught:
        push(root, state, address="https://host/units", branch="ideas", protected="main")
    assert str(caught.value) == (
        "push to ideas: the repository beside the local cloud has no `main` yet, where every build begins\n"
        "hint: check out `main`, and push it first"
    )

    first = push(root, state, address="https://host/units", branch="main", protected="main")
    then = push(root, state, address="https://host/units", branch="ideas", protected="main")
    assert (first.branch, then.branch, then.commit) == ("main", "ideas", first.commit)
