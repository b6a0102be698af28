"""`kill -9` after each write of a story, then the same command again by another process: the same end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .mortal import Mortal, Switch

ENVIRONMENTS = ("sandbox", "test", "staging", "prod")
DEPLOY = Ask(verb="deploy", target="prod", through=True)
PROMOTE = Ask(verb="promote", target="prod")


def run(fake: FakeWorld, ask: Ask) -> None:
    pipeline.apply(fake.world, pipeline.plan(fake.world, ask))


def nothing(_: FakeWorld) -> None:
    """The accounts are empty when the story begins."""


def everything_deployed(fake: FakeWorld) -> None:
    run(fake, DEPLOY)
    fake.tree.content |= {"customers": "c2", "orders": "o2"}


def newer_in_staging(fake: FakeWorld) -> None:
    run(fake, DEPLOY)
    fake.tree.content |= {"customers": "c2", "orders": "o2"}
    run(fake, Ask(verb="deploy", target="staging", through=True))


def newer_everywhere(fake: FakeWorld) -> None:
    everything_deployed(fake)
    run(fake, DEPLOY)


STORIES: dict[str, tuple[Callable[[FakeWorld], None], Ask]] = {
    "first deploy": (nothing, Ask(verb="deploy", target="test", through=True)),
    "deploy of a change": (everything_deployed, DEPLOY),
    "promotion": (newer_in_staging, PROMOTE),
    "rollback": (newer_everywhere, Ask(verb="rollback", target="prod", only=("customers", "orders"))),
    "rollback to a version": (
        newer_everywhere,
        Ask(verb="rollback", target="prod", only=("customers", "orders"), release="0.1.0"),
    ),
}


def begin(folder: Path, before: Callable[[FakeWorld], None]) -> FakeWorld:
    tree = FakeTree(
        content={"customers": "c1", "orders": "o1"},
        needs={"orders": ("customers",)},
        shared={"orders": ("libs/money",)},
        libraries={"libs/money": "m1"},
    )
    fake = fake_world(tree, folder)
    before(fake)
    return fake


def killed(fake: FakeWorld, folder: Path, ask: Ask, switch: Switch) -> None:
    """The command in a process of its own that dies at the switch; its machine has its own cache."""
    store: Any = Mortal(fake.store, switch, ("put_new", "replace", "delete"))
    platform: Any = Mortal(fake.platform, switch, ("deploy", "delete"))
    run(fake_world(fake.tree, folder, store=store, platform=platform), ask)


def end_of(fake: FakeWorld, folder: Path) -> dict[str, Any]:
    """All that a story leaves behind."""
    ledger = fake_world(fake.tree, folder, store=fake.store, platform=fake.platform).world.ledger
    records = {place: ledger.records(place) for place in ENVIRONMENTS}
    return {
        "artifacts": {key: item.body for key, item in fake.store.objects.items() if key.startswith("projects/")},
        "stacks": {key: (stack.template, stack.updates) for key, stack in fake.platform.stacks.items()},
        "running": {
            (place, name): (record.running, record.rolled_back, record.holder)
            for place, found in records.items()
            for name, record in found.items()
        },
        "history": {
            (place, name): [(item.sequence, item.action, item.outcome, item.release) for item in history]
            for place, found in records.items()
            for name in found
            if (history := ledger.history(place, name))
        },
    }


def without_the_way(end: dict[str, Any]) -> dict[str, Any]:
    """How long it took, and by which plan (the second one has fewer steps), is no part of what it led to."""
    running = {
        key: (None if here is None else attrs.evolve(here, seconds=0.0, plan=""), taken, holder)
        for key, (here, taken, holder) in end["running"].items()
    }
    return {**end, "running": running}


def undisturbed(folder: Path, story: str) -> tuple[dict[str, Any], int]:
    before, ask = STORIES[story]
    fake = begin(folder / "u", before)
    counting = Switch()
    killed(fake, folder / "um", ask, counting)
    return without_the_way(end_of(fake, folder / "ur")), counting.writes


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_the_same_command_again_ends_as_if_nothing_had_happened(tmp_path: Path, story: str) -> None:
    before, ask = STORIES[story]
    expected, writes = undisturbed(tmp_path, story)
    different: list[tuple[int, str]] = []
    for nth in range(1, writes + 1):
        folder = tmp_path / str(nth)
        fake = begin(folder / "before", before)
        with contextlib.suppress(Killed):
            killed(fake, folder / "killed", ask, Switch(nth))
        run(fake_world(fake.tree, folder / "again", store=fake.store, platform=fake.platform), ask)
        end = without_the_way(end_of(fake, folder / "reader"))
        different += [(nth, part) for part in expected if end[part] != expected[part]]
    assert (different, writes >= 8) == ([], True)


def test_a_process_that_dies_is_not_taken_for_a_failed_unit(tmp_path: Path) -> None:
    fake = begin(tmp_path / "before", nothing)

    with pytest.raises(Killed):
        killed(fake, tmp_path / "killed", DEPLOY, Switch(5))


def test_a_command_may_be_killed_again_and_again(tmp_path: Path) -> None:
    expected, _ = undisturbed(tmp_path, "deploy of a change")
    fake = begin(tmp_path / "before", everything_deployed)
    deaths = 0
    for attempt in range(30):
        try:
            killed(fake, tmp_path / f"{attempt}", DEPLOY, Switch(12))
            break
        except Killed:
            deaths += 1

    assert (without_the_way(end_of(fake, tmp_path / "reader")) == expected, deaths >= 3) == (True, True)


def test_lost_local_caches_change_nothing(tmp_path: Path) -> None:
    fake = begin(tmp_path / "one", everything_deployed)
    run(fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=fake.platform), DEPLOY)
    fake.store.writes.clear()

    run(fake_world(fake.tree, tmp_path / "three", store=fake.store, platform=fake.platform), DEPLOY)

    assert fake.store.writes == []
