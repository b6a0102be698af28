"""Handles that were used go to another process, and can be copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import Function, Listing, Result, Workspace
from multi_env_lambda.testing.world import FakeTree, fake_world

from .stage import opened

HANDLES: dict[str, Callable[[Workspace], Any]] = {
    "workspace": lambda workspace: workspace,
    "unit": lambda workspace: workspace["orders"],
    "units": lambda workspace: workspace.projects,
    "environment": lambda workspace: workspace.environments["sandbox"],
    "function": lambda workspace: Function(workspace._opened, "orders", "create"),
    "build": lambda workspace: workspace["orders"].build(),
    "source": lambda workspace: workspace["orders"].source,
    "results": lambda workspace: workspace["orders"].deploy(),
    "history": lambda workspace: workspace["orders"].history(),
    "plan": lambda workspace: workspace.plan(),
    "status": lambda workspace: workspace.status(),
    "board": lambda workspace: workspace.board(),
    "local cloud": lambda workspace: workspace.local_cloud,
}
EVERY_HANDLE = pytest.mark.parametrize("handle", HANDLES.values(), ids=HANDLES)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    fake = fake_world(FakeTree(content={"orders": "o1"}), tmp_path)
    used = opened(fake.world, tmp_path, progress=lambda _: None, report=lambda _: None)
    used["orders"].deploy()
    return used


@EVERY_HANDLE
def test_what_was_used_goes_to_another_process(workspace: Workspace, handle: Callable[[Workspace], Any]) -> None:
    found = handle(workspace)

    again = pickle.loads(pickle.dumps(found))

    assert (type(again), repr(again)) == (type(found), repr(found))


@EVERY_HANDLE
@pytest.mark.parametrize("made", [copy.copy, copy.deepcopy])
def test_what_was_used_can_be_copied(
    workspace: Workspace, handle: Callable[[Workspace], Any], made: Callable[[Any], Any]
) -> None:
    found = handle(workspace)

    assert repr(made(found)) == repr(found)


def test_a_copy_acts_as_its_original_does(workspace: Workspace) -> None:
    again = copy.deepcopy(workspace["orders"])

    assert [result.outcome for result in again.deploy()] == ["unchanged"]
    assert again == workspace["orders"]


def test_a_part_of_a_listing_is_one_that_looks_the_same(workspace: Workspace) -> None:
    results = workspace["orders"].deploy(to="prod")

    some: Listing[Result] = results[1:]

    assert [result.environment for result in some] == ["test", "staging", "prod"]
    assert "sandbox" not in some.text() and "prod" in some._repr_html_()
