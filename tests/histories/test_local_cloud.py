"""The same week on a local cloud: random commands of the command line, some of them killed.

More of it: `HISTORIES_SEEDS="3 4 5" HISTORIES_COMMANDS=60 pytest -m long tests/histories/test_local_cloud.py`.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from .people import CLONES, PEOPLE
from .town import ENVIRONMENTS, HANDS, TABLE, UNITS, Town, open_town, told_of, words_of
from .watch import Told, Watch

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]

SEEDS = [int(seed) for seed in os.environ.get("HISTORIES_SEEDS", "1 2").split()]
STEPS = {
    **{"edit": 5, "table": 2, "share": 3, "deploy": 6, "prod": 4, "hand": 5},
    **{"rollback": 2, "repair": 3, "destroy": 1, "prune": 1, "drift": 1},
}
"""What is done next, and how often."""

COMMANDS = int(os.environ.get("HISTORIES_COMMANDS", "20"))


@attrs.define
class Week:
    """``said``: the commands so far, for whoever has to find out why."""

    town: Town
    watch: Watch
    chance: random.Random
    said: list[str] = attrs.field(factory=list)
    number: int = 0

    def must_hold(self, told: Told) -> None:
        found = self.watch.after(told, self.town.snapshot())
        assert found == [], "\n".join([*self.said, "", *found])

    def run(self, who: str, verb: str, *words: str, lost: frozenset[str] = frozenset(), kill: bool = False) -> None:
        """One command; asked to agree, its person agrees in two of three cases, and gives it again."""
        at = self.chance.randint(1, 25) if kill else 0
        self.said.append(f"{who}: {verb} {' '.join(words)}" + (f", killed at {at}" if at else ""))
        done = self.town.killed(who, at, verb, *words) if at else self.town.script(who, verb, *words)
        told = told_of(done, killed=kill)
        self.said[-1] += f" -> {done.code} {_in_short(told) or done.err[-300:]}"
        told.verbs, told.everything, told.agreed = {verb}, "--all" in words, {*lost, *_losses(words)}
        if verb == "destroy":
            told.destroyed = {(words[1], words[0])}
        self.must_hold(told)
        if told.killed and self.chance.random() < 0.5:
            self.run(who, verb, *words, lost=lost)
        elif (agreed := words_of(done)) and "--agree" not in words and self.chance.random() < 0.67:
            self.run(who, verb, *words, *(f"--agree={word}" for word in agreed), lost=lost)

    def agreed(self, who: str, by: str, *asked: str, verb: str = "plan") -> None:
        """Into prod: saved by one, approved by another, applied."""
        file = str(self.town.clones["left"].parent / f"plan {self.number}.json")
        self.said.append(f"{who} saves {verb} {asked}, {by} approves")
        saved = self.town.script(who, verb, *asked, "--out", file)
        self.must_hold(told_of(saved))
        if saved.code or not Path(file).exists():
            self.said[-1] += f" -> {saved.code} {saved.err[-300:]}"
            return
        done = self.town.script(by, "approve", file)
        self.said[-1] += f" -> {done.code} {done.err[-200:]}"
        self.must_hold(told_of(done))
        document = json.loads(Path(file).read_text())
        questions = [
            q["answer"]
            for step in document["steps"]
            for q in step.get("questions", ())
            if step["environment"] == "prod"
        ]
        may_go = frozenset(answer.partition(":")[2] for answer in questions if answer.startswith("replace:"))
        self.run(who, "deploy", "--plan", file, "--yes", "--json", lost=may_go, kill=self.chance.random() < 0.2)

    def step(self) -> None:
        self.number += 1
        names, weights = zip(*STEPS.items(), strict=True)
        (name,) = self.chance.choices(names, weights)
        getattr(self, f"_{name}")()

    def _edit(self) -> None:
        clone, unit, text = self.chance.choice(CLONES), self.chance.choice(UNITS), f"state {self.chance.randint(1, 4)}"
        self.said.append(f"{clone}: {unit} is {text}")
        self.town.edit(clone, unit, text)
        self._to_sandbox(self._of(clone))

    def _table(self) -> None:
        clone, there = self.chance.choice(CLONES), self.chance.random() < 0.5
        self.said.append(f"{clone}: the table of orders is {'in' if there else 'out'}")
        self.town.with_table(clone, there)
        self._to_sandbox(self._of(clone))

    def _share(self) -> None:
        clone = self.chance.choice(CLONES)
        self.said.append(f"{clone}: commits, pulls, pushes")
        self.town.git(clone, "add", "-A")
        self.town.git(clone, "commit", "-q", "-m", "a change")
        self.town.git(clone, "pull", "-q", "--no-rebase", "--no-edit", "-X", "ours")
        self.town.git(clone, "push", "-q", "origin", "HEAD")

    def _deploy(self) -> None:
        self._to_sandbox(self._somebody(), *self.chance.choice([(), ("--all",), ("--force",)]))

    def _to_sandbox(self, who: str, *words: str) -> None:
        self.run(who, "deploy", "sandbox", *self._some(), *words, "--yes", "--json", kill=self._is_killed())

    def _prod(self) -> None:
        self.agreed(self._somebody(), self._somebody(), "--to", "prod", *self._some())

    def _rollback(self) -> None:
        self._either("rollback", self.chance.choice(UNITS))

    def _repair(self) -> None:
        self._either("repair")

    def _either(self, verb: str, *words: str) -> None:
        """In sandbox at once, in prod by two people."""
        if self.chance.random() < 0.5:
            self.agreed(self._somebody(), self._somebody(), *words, "prod", verb=verb)
        else:
            self.run(self._somebody(), verb, *words, "sandbox", "--yes", "--json", kill=self._is_killed())

    def _destroy(self) -> None:
        unit, place = self.chance.choice(UNITS), self.chance.choice(ENVIRONMENTS)
        words = (unit, place, "--yes", "--confirm", unit, *self.chance.choice([(), ("--force",)]), "--json")
        may_go = frozenset({f"orders/{TABLE}"} if unit == "orders" else ())
        self.run(self._somebody(), "destroy", *words, lost=may_go, kill=self._is_killed())

    def _prune(self) -> None:
        self.run(self._somebody(), "prune", "--apply", "--json", kill=self._is_killed())

    def _hand(self) -> None:
        does, unit, place = (self.chance.choice(names) for names in (sorted(HANDS), UNITS, ENVIRONMENTS))
        self.said.append(f"by hand: {does} of {unit} in {place}")
        self.town.by_hand((place, unit), does)
        self.watch.by_hand(self.town.snapshot())

    def _somebody(self) -> str:
        return self.chance.choice(sorted(PEOPLE))

    def _some(self) -> tuple[str, ...]:
        return self.chance.choice([(), ("--only", self.chance.choice(UNITS))])

    def _is_killed(self) -> bool:
        return self.chance.random() < 0.3

    def _of(self, clone: str) -> str:
        return self.chance.choice([who for who, place in sorted(PEOPLE.items()) if place == clone])

    def _drift(self) -> None:
        self.said.append("drift")
        done = self.town.script(self._somebody(), "drift", "--json")
        told = told_of(done)
        for item in json.loads(done.out or "[]"):
            said = item["problem"] or json.dumps(item["resources"])
            told.drifted[item["environment"], item["project"]] = (bool(item["resources"] or item["problem"]), said)
        self.must_hold(told)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_town(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_three_people_do_by_command_line_what_is_promised_holds(town: Town, seed: int) -> None:
    week = Week(town, Watch(ENVIRONMENTS, UNITS, town.snapshot()), random.Random(seed), [f"seed {seed}"])
    week.agreed("ada", "bob", "--to", "prod")
    for _ in range(COMMANDS):
        week.step()


def _in_short(told: Told) -> str:
    return " ".join(f"{item.environment}/{item.project} {item.outcome} {item.detail[:60]}" for item in told.results)


def _losses(words: tuple[str, ...]) -> set[str]:
    """What `--agree=replace:UNIT/NAME` lets go."""
    return {word.partition("=replace:")[2] for word in words if word.startswith("--agree=replace:")}
