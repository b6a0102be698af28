"""What a step costs: the numbers of reads and writes are promises, whatever machine this runs on."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from multi_env_lambda.flow.identity import WORKSPACE_KEY
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .worlds import chain, deploy, outcomes, promote, rollback


def reads(fake: FakeWorld) -> list[str]:
    return [kind for kind, _ in fake.store.reads]


def test_no_change_is_one_listing_however_many_units_there_are(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.store.reads.clear()
    deploy(fake)

    assert reads(fake) == ["list"]


def test_a_step_reads_nothing_back_that_this_machine_has_written(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, to="prod")
    fake.tree.content["search"] = "changed"
    deploy(fake)
    fake.store.reads.clear()
    promote(fake, to="test")

    # Two environments, whose the bucket is, wheel and sdist of the release that is promoted.
    assert sorted(reads(fake)) == ["get", "head", "head", "list", "list"]
    assert [key for kind, key in fake.store.reads if kind == "get"] == [WORKSPACE_KEY]


def test_a_rollback_reads_one_record_one_entry_of_the_history_and_no_bytes_of_releases(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "changed"
    deploy(fake)
    fake.store.reads.clear()
    rollback(fake, "search", "sandbox")

    assert [key for kind, key in fake.store.reads if kind == "get"] == [
        "environments/sandbox/current/search.json",
        "environments/sandbox/current.frozen.json",
        "environments/sandbox/history/search/00000001.json",
        WORKSPACE_KEY,
    ]
    assert "list" not in reads(fake)


def test_a_release_that_this_run_has_brought_to_one_environment_is_not_compared_for_the_next(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, to="prod")
    fake.tree.content["search"] = "changed"
    fake.store.reads.clear()

    deploy(fake, to="prod")

    assert "head" not in reads(fake)


def test_many_stacks_are_looked_at_by_pages_and_few_by_name(tmp_path: Path) -> None:
    fake = many(tmp_path, 6)
    fake.platform.looked.clear(), fake.platform.listed.clear()
    deploy(fake, force=True)
    listed = [count for _, count in fake.platform.listed]
    deploy(fake, force=True, only=("u0000",))

    # Once for the plan, which asks whose the stacks are, and once before they are changed.
    assert (listed, fake.platform.looked) == ([6, 6], ["u0000-sandbox"])


def test_a_stack_that_a_page_did_not_show_well_is_looked_at_in_its_turn(tmp_path: Path) -> None:
    fake = many(tmp_path, 6)
    del fake.platform.stacks["sandbox", "u0003-sandbox"]
    fake.platform.looked.clear()
    deploy(fake, force=True)

    assert fake.platform.looked == ["u0003-sandbox"]


@pytest.mark.slow
def test_what_a_promotion_computes_grows_with_the_units_and_not_with_their_square(tmp_path: Path) -> None:
    few, twice = (computed(many(tmp_path / str(units), units)) for units in (20, 40))

    # Each name once per unit and once per run; threads that meet may do a few more.
    assert {name: (few[name], calls) for name, calls in twice.items() if calls > 2.2 * few[name] + 20} == {}
    assert twice["plan._change"] == 40
    assert twice["release.Release.digest"] <= 2 * 40


def many(folder: Path, units: int) -> FakeWorld:
    """Units that run in the first environment."""
    fake = fake_world(FakeTree(content={f"u{number:04d}": "x" for number in range(units)}), folder)
    assert set(outcomes(deploy(fake)).values()) == {"deployed"}
    return fake


def computed(fake: FakeWorld) -> Counter[str]:
    """How often each function of this package is called while all units are promoted."""
    counted: Counter[str] = Counter()

    def tell(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "/multi_env_lambda/" in frame.f_code.co_filename.replace(os.sep, "/"):
            counted[f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"] += 1

    threading.setprofile(tell)
    sys.setprofile(tell)
    try:
        promote(fake, to="test")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counted
