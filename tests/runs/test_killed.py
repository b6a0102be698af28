"""Dispatcher and builds that are killed at any of their calls, and whole histories at random: nothing is lost by it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.messages import Desk
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import fake_config
from tests.ci.history import Mortal
from tests.runs.village import Repository, Village

PLACES = ("sandbox", "prod")
_FOREVER = 10**9


def small() -> WorkspaceConfig:
    found = fake_config(prod={"approval": True})
    kept = [place for place in found.environments if place.name in PLACES]
    return attrs.evolve(found, environments=tuple(attrs.evolve(one, position=at) for at, one in enumerate(kept)))


def village(folder: Path) -> Village:
    return Village(folder, Repository({"billing": "b1", "orders": "o1"}), config=small())


def settled(found: Village) -> None:
    """Nobody dies any more; events may be lost, so the schedule looks."""
    found.store.after_write = found.home.platform.after_write = None
    for _ in range(3):
        found.store.time += 3600
        found.scheduled()
        found.settle()


class Death:
    """Ends the process after so many writes, of the bucket and the accounts together."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *words: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def test_a_build_that_is_killed_after_any_write_is_finished_by_the_next(tmp_path: Path) -> None:
    for number in itertools.count(1):
        found = village(tmp_path / str(number))
        found.pushed(orders="o2")
        found.deliver()
        death = Death(number)
        found.store.after_write = found.home.platform.after_write = death
        with suppress(Killed):
            found.build()
        settled(found)
        assert found.runs("sandbox") == {"billing": "b1", "orders": "o2"}, number
        found.approve("prod")
        found.settle()
        assert found.runs("prod") == found.runs("sandbox"), number
        if death.left > 0:
            assert number > 20
            return


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_dispatcher_that_is_killed_at_any_call_is_finished_by_the_same_message_or_the_schedule(
    tmp_path: Path, chance: float
) -> None:
    """``chance``: whether the call at which it dies has been done."""

    class Always(Random):
        def random(self) -> float:
            return 1.0 - chance

    for number in range(1, 12):
        found = village(tmp_path / f"{number}")
        commit = found.pushed(orders="o2")
        name, event = found.queue.pop()
        calls = iter([*range(number, -1, -1), *[_FOREVER] * 99])
        store, builds = (Mortal(one, calls, Always()) for one in (found.store, found))
        desk = Desk(store=store, builds=builds, bucket="artifacts", repository="acme/units")
        try:
            found.take(name, event, desk)
        except Killed:
            found.queue.append((name, event))
        settled(found)
        assert found.runs("sandbox")["orders"] == "o2", (number, commit)


def histories(number: int) -> Iterator[tuple[Random, int]]:
    return ((Random(seed), seed) for seed in range(number))  # noqa: S311


def test_random_histories_end_with_what_the_branch_says(tmp_path: Path) -> None:
    for random, seed in histories(20):
        _play(village(tmp_path / str(seed)), random, seed)


@pytest.mark.long
def test_many_random_histories_end_with_what_the_branch_says(tmp_path: Path) -> None:
    for random, seed in histories(400):
        _play(village(tmp_path / str(seed)), random, seed)


def _play(found: Village, random: Random, seed: int) -> None:
    content = iter(range(10**6))
    doings = {
        "push": lambda: found.pushed(**{random.choice(("billing", "orders")): f"v{next(content)}"}),
        "force": lambda: force_push(found, random),
        "deliver": found.deliver,
        "build": lambda: found.builds and found.build(random.randrange(len(found.builds))),
        "kill": lambda: found.builds and kill(found, random),
        "double": lambda: found.queue and found.queue.append(random.choice(found.queue)),
        "lose": lambda: found.queue and found.queue.pop(random.randrange(len(found.queue))),
        "late": lambda: random.shuffle(found.queue),
    }
    for name in random.choices(list(doings), (4, 1, 4, 4, 2, 1, 1, 1), k=random.randint(5, 25)):
        doings[name]()
    settled(found)
    wanted = found.repository.commits[found.repository.remote["main"]].content
    assert found.runs("sandbox") == wanted, seed
    if any(one.waits for one in found.wanted()):
        found.approve("prod")
        found.settle()
    assert found.runs("prod") == wanted, seed


def force_push(found: Village, random: Random) -> None:
    found.repository.remote["main"] = random.choice(list(found.repository.past(found.repository.remote["main"])))
    found.pushed(push=False)


def kill(found: Village, random: Random) -> None:
    """Its end may be heard of or not."""
    found.store.after_write = found.home.platform.after_write = Death(random.randint(1, 60))
    killed = True
    with suppress(Killed):
        found.build()
        killed = False
    found.store.after_write = found.home.platform.after_write = None
    if killed and random.random() < 0.5:
        found.queue.pop()
