"""What a change takes back, told from folders and their history; as values, without Git."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.model.ancestry import Kin, Past, State
from multi_env_lambda.plan.affected import Inputs
from multi_env_lambda.plan.backwards import TakenBack, older_library, taken_back

from .record_values import deployment

A, LIB = "projects/a", "libs/greet"
EARLY, NOON, LATE = (f"2026-01-01T{hour}:00:00Z" for hour in ("08", "12", "18"))


def inputs(settings: str = "s", library: str = "0.1.1", **ids: str) -> Inputs:
    paths = {"a": A, "lib": LIB}
    own = [(paths[name], id_) for name, id_ in ids.items()]
    tools = [("settings of the workspace", settings), ("multi_env_lambda", library), ("runtime", "python3.13 arm64")]
    return (*own, *tools)


def tree(**ids: str) -> dict[str, str]:
    return {{"a": A, "lib": LIB, "table": "pyproject.toml"}[name]: id_ for name, id_ in ids.items()}


def back(past: Past, *, mine: bool = False, theirs: Inputs | None = None, **of: Any) -> TakenBack | None:
    """What somebody whose tree has `a3` takes back from a release with `a2`, unless another one is given."""
    running = deployment(inputs=inputs(a="a2", lib="l1") if theirs is None else theirs, **of)
    return taken_back(running, inputs(a="a3", lib="l1"), past, mine=mine)


def past(kin: Kin, common: dict[str, str], *states: State, **there: str) -> Past:
    return Past(kin=kin, there=tree(**there), common=common, since=states)


def state(time: str, **ids: str) -> State:
    return State(committed=time, ids=tree(**ids))


THERE = {"a": "a2", "lib": "l1"}
BEFORE = tree(a="a1", lib="l1")


def test_what_is_of_an_older_commit_of_mine_is_left_behind_by_going_on() -> None:
    assert back(past("ancestor", tree(**THERE), **THERE)) is None


def test_what_a_newer_commit_changed_would_be_taken_back() -> None:
    found = back(past("newer", BEFORE, **THERE))

    assert found == TakenBack(kind="newer", paths=(A,)) and found.certain


def test_a_newer_commit_or_another_branch_that_changed_something_else_bothers_nobody() -> None:
    for kin in ("newer", "diverged"):
        assert back(past(kin, tree(**THERE), **THERE)) is None


def test_what_another_branch_changed_is_asked_for_with_the_folders() -> None:
    found = back(past("diverged", tree(a="a1", lib="l0"), state(NOON, a="a3", lib="l0"), **THERE))

    assert found == TakenBack(kind="diverged", paths=(A, LIB)) and not found.certain


@pytest.mark.parametrize("kin", ["diverged", "ancestor"], ids=["squashed", "committed later"])
def test_what_my_history_has_as_well_is_not_taken_back(kin: Kin) -> None:
    """Each folder for itself: a squash may come after somebody else's change of the shared one."""
    squashed = state(NOON, a="a2", lib="l2")

    assert back(past(kin, BEFORE, state(LATE, a="a3", lib="l2"), squashed, a="a9", lib="l1")) is None


def test_a_revert_in_a_newer_commit_is_newer_although_my_history_knows_its_content() -> None:
    """Nothing before the common commit counts."""
    assert back(past("newer", tree(a="a3", lib="l1"), **THERE)) == TakenBack(kind="newer", paths=(A,))


@pytest.mark.parametrize(("mine", "kind"), [(True, None), (False, "uncommitted")])
def test_uncommitted_changes_are_asked_for_unless_they_are_ones_own(mine: bool, kind: str | None) -> None:
    found = back(past("ancestor", BEFORE, a="a1", lib="l1"), mine=mine, dirty=True)

    assert (found and found.kind) == kind


def test_what_was_amended_in_this_clone_is_ones_own_only_if_one_has_deployed_it() -> None:
    assert back(past("rewritten", BEFORE, **THERE), mine=True) is None
    assert back(past("rewritten", BEFORE, **THERE)) == TakenBack(kind="diverged", paths=(A,))
    assert back(past("rewritten", BEFORE, a="a1", lib="l1"), mine=True, dirty=True) is None
    assert back(past("rewritten", BEFORE, a="a1", lib="l1"), dirty=True) == TakenBack(kind="diverged", paths=(A,))


@pytest.mark.parametrize(
    ("states", "lost"),
    [
        ((state(LATE, a="a3", lib="l1"), state(EARLY, a="a2", lib="l1")), ()),
        ((state(NOON, a="a2", lib="l1"),), ()),
        ((state(EARLY, a="a3", lib="l1"), state(EARLY, a="a2", lib="l1")), (A,)),
        ((state(LATE, a="a3", lib="l1"),), (A,)),
    ],
    ids=["left behind since", "still there", "left before it was deployed", "never there"],
)
def test_a_commit_that_nobody_has_is_judged_by_when_my_history_went_on(states: tuple[State, ...], lost: Any) -> None:
    found = back(past("unknown", {}, *states), committed=NOON)

    assert (() if found is None else found.paths) == lost
    assert found is None or found.kind == "unknown"


@pytest.mark.parametrize("kin", ["newer", "diverged"])
def test_the_settings_of_the_workspace_are_taken_back_too(kin: Kin) -> None:
    running = inputs(settings="t", a="a1", lib="l1")
    ids = {"a": "a1", "lib": "l1"}

    found = back(past(kin, tree(**ids, table="t1"), **ids, table="t2"), theirs=running)

    assert found == TakenBack(kind=kin, paths=("pyproject.toml",))


def test_what_a_newer_version_of_this_library_made_is_taken_back_by_an_older_one() -> None:
    here, newer = inputs(library="0.1.1", a="a1"), deployment(inputs=inputs(library="0.2.0", a="a1"))

    found = older_library(newer, here)

    assert found is not None and found.where() == "was made by multi_env_lambda 0.2.0; this is 0.1.1"
    assert older_library(deployment(inputs=here), inputs(library="0.2.0", a="a1")) is None
    assert older_library(deployment(inputs=inputs(library="?", a="a1")), here) is None
