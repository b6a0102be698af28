"""`kill -9` after each write of a story, then the same command again by another process: the same end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.prune import find_prunable, prune
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world

from .mortal import Switch, mortal

ENVIRONMENTS = ("sandbox", "test", "staging", "prod")
DEPLOY = Request(verb="deploy", target="prod", through=True)
PROMOTE = Request(verb="promote", target="prod")


Command = Callable[[FakeWorld], object]


def run(fake: FakeWorld, ask: Request) -> None:
    pipeline.apply(fake.world, pipeline.plan(fake.world, ask, soon=True))


def asking(ask: Request) -> Command:
    return lambda fake: run(fake, ask)


def publishes(fake: FakeWorld) -> None:
    pipeline.publish(fake.world, pipeline.plan(fake.world, DEPLOY))


def destroys(fake: FakeWorld) -> None:
    destroy(fake.world, find_removal(fake.world, "orders", "sandbox"))


def prunes(fake: FakeWorld) -> None:
    done = prune(fake.world, find_prunable(fake.world))
    assert done.untouched == ()


def shifts(fake: FakeWorld) -> None:
    """With a clock that goes on while it sleeps."""
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    world = attrs.evolve(fake.world, seconds=lambda: clock[0], sleep=sleep)
    run(attrs.evolve(fake, world=world), DEPLOY)


def nothing(_: FakeWorld) -> None:
    """The accounts are empty when the story begins."""


def equal_locks(fake: FakeWorld) -> None:
    """The layer of one unit is a copy of the other's."""
    fake.tree.locked |= {"customers": "boto", "orders": "boto"}


def everything_deployed(fake: FakeWorld) -> None:
    run(fake, DEPLOY)
    fake.tree.content |= {"customers": "c2", "orders": "o2"}


def newer_in_staging(fake: FakeWorld) -> None:
    run(fake, DEPLOY)
    fake.tree.content |= {"customers": "c2", "orders": "o2"}
    run(fake, Request(verb="deploy", target="staging", through=True))


def newer_everywhere(fake: FakeWorld) -> None:
    everything_deployed(fake)
    run(fake, DEPLOY)


def much_to_prune(fake: FakeWorld) -> None:
    """Releases, sources, function versions and layer versions that nothing refers to any more."""
    run(fake, DEPLOY)
    for number in range(2, 5):
        fake.tree.content |= {"customers": f"c{number}", "orders": f"o{number}"}
        run(fake, DEPLOY)
    old = [KeptLayer(name="orders-sandbox", number=n, arn=f"arn:{n}", description=f"00000{n} x") for n in (1, 2)]
    fake.platform.layers["sandbox", "orders-sandbox"] = old


def canary_deployed(fake: FakeWorld) -> None:
    fake.tree.traffic["orders"] = ("linear", 40, 1)
    everything_deployed(fake)


STORIES: dict[str, tuple[Callable[[FakeWorld], None], Command]] = {
    "first deploy": (nothing, asking(Request(verb="deploy", target="test", through=True))),
    "first deploy of equal locks": (equal_locks, asking(Request(verb="deploy", target="sandbox", through=True))),
    "deploy of a change": (everything_deployed, asking(DEPLOY)),
    "promotion": (newer_in_staging, asking(PROMOTE)),
    "rollback": (newer_everywhere, asking(Request(verb="rollback", target="prod", only=("customers", "orders")))),
    "rollback to a version": (
        newer_everywhere,
        asking(Request(verb="rollback", target="prod", only=("customers", "orders"), release="0.1.0")),
    ),
    "publish": (everything_deployed, publishes),
    "destroy": (everything_deployed, destroys),
    "prune": (much_to_prune, prunes),
    "canary": (canary_deployed, shifts),
}
FEWEST_WRITES = {"destroy": 4}
LONG = ("canary", "prune")
"""A minute each."""


def begin(folder: Path, before: Callable[[FakeWorld], None]) -> FakeWorld:
    tree = FakeTree(
        content={"customers": "c1", "orders": "o1"},
        needs={"orders": ("customers",)},
        shared={"orders": ("libs/money",)},
        libraries={"libs/money": "m1"},
    )
    fake = fake_world(tree, folder, config=attrs.evolve(fake_config(), keep=2))
    before(fake)
    return fake


def elsewhere(fake: FakeWorld, folder: Path) -> FakeWorld:
    """Another machine with another cache."""
    return fake_world(fake.tree, folder, config=fake.world.config, store=fake.store, platform=fake.platform)


def killed(fake: FakeWorld, folder: Path, command: Command, switch: Switch) -> None:
    """The command in a process of its own that dies at the switch."""
    command(mortal(fake, folder, switch))


def end_of(fake: FakeWorld, folder: Path) -> dict[str, Any]:
    """All that a story leaves behind."""
    ledger = elsewhere(fake, folder).world.ledger
    records = {place: ledger.records(place) for place in ENVIRONMENTS}
    return {
        "artifacts": {key: item.body for key, item in fake.store.objects.items() if key.startswith("projects/")},
        "versions": {key: list(kept) for key, kept in fake.platform.versions.items()},
        "layers": {key: list(kept) for key, kept in fake.platform.layers.items()},
        "stacks": {key: (stack.template, stack.updates) for key, stack in fake.platform.stacks.items()},
        "running": {
            (place, name): (record.running, record.rolled_back, record.holder, record.unsure)
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
        key: (None if here is None else attrs.evolve(here, seconds=0.0, plan=""), *rest)
        for key, (here, *rest) in end["running"].items()
    }
    return {**end, "running": running}


def undisturbed(folder: Path, story: str) -> tuple[dict[str, Any], int]:
    before, command = STORIES[story]
    fake = begin(folder / "u", before)
    counting = Switch()
    killed(fake, folder / "um", command, counting)
    return without_the_way(end_of(fake, folder / "ur")), counting.writes


@pytest.mark.slow
@pytest.mark.parametrize(
    "story", [pytest.param(story, marks=pytest.mark.long) if story in LONG else story for story in STORIES]
)
def test_the_same_command_again_ends_as_if_nothing_had_happened(tmp_path: Path, story: str) -> None:
    before, command = STORIES[story]
    expected, writes = undisturbed(tmp_path, story)
    different: list[tuple[int, str]] = []
    for nth in range(1, writes + 1):
        folder = tmp_path / str(nth)
        fake = begin(folder / "before", before)
        with contextlib.suppress(Killed):
            killed(fake, folder / "killed", command, Switch(nth))
        command(elsewhere(fake, folder / "again"))
        end = without_the_way(end_of(fake, folder / "reader"))
        different += [(nth, part) for part in expected if end[part] != expected[part]]
    assert (different, writes >= FEWEST_WRITES.get(story, 8)) == ([], True)


def test_a_process_that_dies_is_not_taken_for_a_failed_unit(tmp_path: Path) -> None:
    fake = begin(tmp_path / "before", nothing)

    with pytest.raises(Killed):
        killed(fake, tmp_path / "killed", asking(DEPLOY), Switch(5))


def test_a_command_may_be_killed_again_and_again(tmp_path: Path) -> None:
    expected, _ = undisturbed(tmp_path, "deploy of a change")
    fake = begin(tmp_path / "before", everything_deployed)
    deaths = 0
    for attempt in range(30):
        try:
            killed(fake, tmp_path / f"{attempt}", asking(DEPLOY), Switch(12))
            break
        except Killed:
            deaths += 1

    assert (without_the_way(end_of(fake, tmp_path / "reader")) == expected, deaths >= 3) == (True, True)


def test_lost_local_caches_change_nothing(tmp_path: Path) -> None:
    fake = begin(tmp_path / "one", everything_deployed)
    run(elsewhere(fake, tmp_path / "two"), DEPLOY)
    fake.store.writes.clear()

    run(elsewhere(fake, tmp_path / "three"), DEPLOY)

    assert fake.store.writes == []
