"""Several people at once: pushes, branches, reverts, force pushes, holds, freezes, approvals, events that are lost,
doubled, late, forged and cut, and builds that are killed. What runs in the end is what ten lines say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes
from tests.runs.test_killed import PLACES, force_push, kill, settled, village
from tests.runs.village import Village, push_event, request_event, review_event

pytestmark = pytest.mark.story

UNITS = ("billing", "orders")
FAST, MANY = 30, 600
Runs = dict[tuple[str, str], str]


@attrs.define
class Town:
    """A village, and what its people have said that must not move: (environment, unit) that are held, and freezes."""

    village: Village
    random: Random
    held: set[tuple[str, str]] = attrs.field(factory=set)
    frozen: set[str] = attrs.field(factory=set)
    written: int = 0
    stages: Sequence[Sequence[str]] = tuple((place,) for place in PLACES)

    @property
    def places(self) -> list[str]:
        return [place for stage in self.stages for place in stage]

    def expected(self, before: Runs) -> Runs:
        """The branch, up to the first place where the unit is held or the environment frozen; after that it stays."""
        head = self.village.repository.commits[self.village.repository.remote["main"]].content
        found: Runs = {}
        for unit in UNITS:
            passed = True
            for stage in self.stages:
                stays = {one for one in stage if not passed or one in self.frozen or (one, unit) in self.held}
                wanted = {(one, unit): before.get((one, unit)) if one in stays else head[unit] for one in stage}
                found |= {place: text for place, text in wanted.items() if text is not None}
                passed = not stays
        return found

    def runs(self) -> Runs:
        return {(place, unit): text for place in self.places for unit, text in self.village.runs(place).items()}

    # --- what people do ---
    def push(self) -> None:
        self.written += 1
        self.village.pushed(**{self.random.choice(UNITS): f"v{self.written}"})

    def branch(self) -> None:
        """Of somebody else, which leads to nothing."""
        self.written += 1
        name = self.random.choice(("feature/a", "feature/$(b)"))
        self.village.repository.remote.setdefault(name, self.village.repository.remote["main"])
        self.village.pushed(name, **{self.random.choice(UNITS): f"never {self.written}"})

    def revert(self) -> None:
        """A later commit with what an earlier one had."""
        repository = self.village.repository
        past = self.random.choice(list(repository.past(repository.remote["main"])))
        self.village.pushed(**repository.commits[past].content)

    def force(self) -> None:
        force_push(self.village, self.random)

    def hold_or_lift(self) -> None:
        place, unit = self.random.choice(self.places), self.random.choice(UNITS)
        if (place, unit) in self.runs():
            self.village.hold(unit, place, lifted=(place, unit) in self.held)
            self.held ^= {(place, unit)}

    def freeze_or_thaw(self) -> None:
        place, store = self.random.choice(self.places), self.village.store
        self.frozen ^= {place}
        if place in self.frozen:
            store.put_new(freeze_key(place), freezes_to_bytes((Freeze(environment=place, who="ada"),)))
        else:
            store.objects.pop(freeze_key(place))

    def approve(self) -> None:
        for place in sorted({place for one in self.village.wanted() for place, _ in one.waits}):
            self.village.approve(place)

    # --- what becomes of events and builds ---
    def deliver(self) -> None:
        self.village.deliver()

    def build(self) -> None:
        if self.village.builds:
            self.village.build(self.random.randrange(len(self.village.builds)))

    def kill(self) -> None:
        if self.village.builds:
            kill(self.village, self.random)

    def double(self) -> None:
        if self.village.queue:
            self.village.queue.append(self.random.choice(self.village.queue))

    def lose(self) -> None:
        if self.village.queue:
            self.village.queue.pop(self.random.randrange(len(self.village.queue)))

    def late(self) -> None:
        self.random.shuffle(self.village.queue)

    def forge(self) -> None:
        """By whoever may put events on the bus: pushes of commits that are not there, a yes of a maintainer's."""
        theirs = "e" * 40
        said: list[tuple[str, str, Any]] = [
            ("github.com", "push", push_event("main", theirs)),
            ("github.com", "push", push_event("main", "")),
            ("github.com", "pull_request", request_event(7)),
            ("github.com", "pull_request_review", review_event(7, theirs)),
            ("multi_env_lambda", "asked", {"branch": "main"}),
            ("multi_env_lambda", "asked", {"branch": "../../main"}),
        ]
        self.village.send(*self.random.choice(said))

    def cut(self) -> None:
        """Half of a message."""
        text = json.dumps({"id": "cut", "source": "github.com", "kind": "push", "detail": push_event("main", "1" * 40)})
        half: Any = text[: self.random.randrange(len(text))]
        self.village.take("cut", half)


DOINGS = {
    "push": 4, "branch": 2, "revert": 1, "force": 1, "hold_or_lift": 1, "freeze_or_thaw": 1, "approve": 2, "deliver": 6,
    "build": 6, "kill": 2, "double": 1, "lose": 1, "late": 1, "forge": 1, "cut": 1,
}  # fmt: skip


def play(folder: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    play_in(Town(village(folder / str(seed)), random), random, seed)


def play_in(town: Town, random: Random, seed: int) -> None:
    town.push()
    for name in random.choices(list(DOINGS), list(DOINGS.values()), k=random.randint(5, 30)):
        getattr(town, name)()
    # Of a build that was killed amid a deploy, what stays under a hold or a freeze is seen when it has been repaired.
    before = town.runs()
    settled(town.village)
    for _ in range(1 + len(town.stages)):
        town.approve()
        settled(town.village)

    assert town.runs() == town.expected(before), seed
    assert sorted(town.village.unmerged) == sorted(set(town.village.unmerged)), f"{seed}: a plan was doubled"


@pytest.mark.parametrize("chunk", range(3))
def test_what_many_people_do_ends_with_what_the_branch_says(tmp_path: Path, chunk: int) -> None:
    for seed in range(chunk * FAST // 3, (chunk + 1) * FAST // 3):
        play(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(10))
def test_what_very_many_do_ends_with_what_the_branch_says(tmp_path: Path, chunk: int) -> None:
    for seed in range(chunk * MANY // 10, (chunk + 1) * MANY // 10):
        play(tmp_path, seed)
