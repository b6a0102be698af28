"""A village with honest clocks, leases and clones, and everything that people and machines may do in it.

Builds and people do not wait for each other: amid a build, between any two of its calls, somebody pushes, rolls back or
deletes a branch, another build begins and ends, or so much time passes that its leases are lost.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import attrs

from multi_env_lambda.model.record import Holder
from multi_env_lambda.operations.own_kept import own_environments
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.run import run_job
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.world import World
from tests.ci.history import Mortal
from tests.runs.machines import Clone, Flaky, MemoryLedger, Remote, Street
from tests.runs.test_killed import Death, small
from tests.runs.village import BUILDER, Village, ended_event
from tests.runs.watch import Watch

__all__ = ["PLACES", "UNITS", "Town"]

PLACES, UNITS = ("sandbox", "prod"), ("billing", "orders")
_FOREVER = 10**9
_SECONDS_OF_A_CLAIM = 120.0
_DAY = 86_400.0


@attrs.define
class Town(Village):
    """Everything, with accidents.

    Args:
        amid: what may happen between two calls of a build, by how often; ``depth``: how deep we are in such.
        faithful: no event is lost and no build killed, so that all comes to its end without the schedule.
        stack: the builds that run, the innermost last; ``checked``: by build, the branch as it last asked for it.
        opened_up: the commits that builds have checked out. begun: when each job was started.
    """

    random: Random = attrs.field(kw_only=True)
    street: Street = attrs.field(init=False)
    watch: Watch = attrs.field(init=False)
    frozen: set[str] = attrs.field(factory=set)
    working: set[str] = attrs.field(factory=set)
    amid: dict[str, int] = attrs.field(factory=dict)
    faithful: bool = False
    stack: list[str] = attrs.field(factory=list)
    checked: dict[str, set[str]] = attrs.field(factory=dict)
    opened_up: set[str] = attrs.field(factory=set)
    begun: dict[str, float] = attrs.field(factory=dict)
    sent: int = 0
    opened: int = 0
    depth: int = 0
    looks: int = 0

    @classmethod
    def of(cls, folder: Path, random: Random) -> Town:
        street = Street()
        found = cls(folder, Remote(street), config=small(), store=street, random=random)
        found.street = street
        world = attrs.evolve(
            found.home.world,
            ledger=MemoryLedger(street, folder),
            now=lambda: datetime.fromtimestamp(street.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        found.home = attrs.evolve(found.home, world=world)
        found.ruled(branches=("feature/*",), days=7, maintainers=("grace",))
        found.most, found.faithful = random.randint(1, 3), random.random() < 0.4
        found.proofs = Flaky(town=found)
        found.watch = Watch(
            store=street,
            builder=BUILDER,
            past=lambda: found.checked.get(found.stack[-1], set()),
            parents=lambda commit: set(found.repository.past(commit)),
            frozen=found.frozen,
            working=found.working,
            closed="prod",
            places=PLACES,
        )
        found.lives()
        return found

    # --- clocks, leases and clones ---
    def opens(self, path: Path) -> World:
        return self._with_clocks(super().opens(path))

    def opens_own(self, path: Path, name: str) -> World:
        return self._with_clocks(super().opens_own(path, name))

    def _with_clocks(self, world: World) -> World:
        self.opened += 1
        name = str(self.opened)

        def holder() -> Holder:
            return Holder(
                nonce=name, who=self.home.platform.who, host=name, process=name, since="2026-01-01T00:00:00Z", fencing=0
            )

        return attrs.evolve(
            world,
            sleep=self._pass,
            seconds=self.store.now,
            holder=holder,
            holder_is_dead=lambda _: False,
            ledger=MemoryLedger(self.store, self.folder),
        )

    def _pass(self, seconds: float) -> None:
        self.store.time += seconds

    def hands(self, name: str, job: str) -> Hands:
        return attrs.evolve(super().hands(name, job), repository=Clone(self))

    @property
    def times(self) -> dict[str, float]:
        repository: Any = self.repository
        found: dict[str, float] = repository.times
        return found

    def send(self, source: str, kind: str, detail: Any) -> None:
        self.sent += 1
        name = f"event-{self.sent}"
        self.queue.append((name, {"id": name, "source": source, "kind": kind, "detail": detail}))

    def start(self, job: str, *, merged: bool) -> str | None:
        found = super().start(job, merged=merged)
        if found is not None:
            if self.store.time - self.begun.get(job, 0.0) < _SECONDS_OF_A_CLAIM:
                self.watch.wrong.append(f"{job}: started twice")
            self.begun[job] = self.store.time
        return found

    # --- builds, which live, are interrupted, and are killed ---
    def lives(self, death: Death | None = None) -> None:
        def wrote(kind: str, name: str) -> None:
            if name in self.store.objects:
                self.watch.wrote(kind, name)
            if death is not None:
                death(kind, name)

        self.store.after_write = self.home.platform.after_write = wrote

    def run(self, place: int, *, death: Death | None = None, told: bool = True) -> None:
        """A build to its end, which is told or not."""
        name, job = self.builds[place]
        who, self.home.platform.who = self.home.platform.who, BUILDER
        self.working.add(name)
        self.stack.append(name)
        self.lives(death)
        try:
            run_job(self.hands(name, job), Path("clone"))
        except Killed:
            pass
        finally:
            self.lives()
            self.working.discard(name)
            self.stack.pop()
            self.builds = [one for one in self.builds if one[0] != name]
            self.home.platform.who = who
        if told:
            self.send("aws.codebuild", "CodeBuild Build State Change", ended_event(name, job))

    def _amid(self) -> None:
        """Between two calls of a build, somebody else; one at a time, though the units of a build have threads."""
        left, self.street.meanwhile = self.street.meanwhile, []
        self.depth += 1
        try:
            name = self.random.choices(list(self.amid), list(self.amid.values()))[0]
            getattr(self, name)()
        finally:
            self.depth -= 1
            self.street.meanwhile, self.street.calls_left = left, self.random.randrange(15)

    def free(self) -> list[int]:
        return [place for place, (name, _) in enumerate(self.builds) if name not in self.working]

    def build(self) -> None:  # type: ignore[override]
        if found := self.free():
            if not self.depth:
                self.street.meanwhile = [self._amid] * self.random.choice((0, 0, 1, 2, 3))
                self.street.calls_left = self.random.randrange(40)
            self.run(self.random.choice(found))
            self.street.meanwhile = []

    def kill(self) -> None:
        if (found := self.free()) and not self.faithful:
            told = self.random.random() < 0.5
            self.run(self.random.choice(found), death=Death(self.random.randint(1, 60)), told=told)

    def vanish(self) -> None:
        """A build that ends before it has begun."""
        if (found := self.free()) and not self.faithful:
            name, job = self.builds.pop(self.random.choice(found))
            if self.random.random() < 0.5:
                self.send("aws.codebuild", "CodeBuild Build State Change", ended_event(name, job))

    # --- the queue and the dispatcher, which die at any call ---
    def deliver(self) -> None:
        """Each message that is there, once."""
        waiting, self.queue = self.queue, []
        for name, event in waiting:
            self._take(name, event)

    def _take(self, name: str, event: dict[str, Any]) -> None:
        left = self.random.randrange(10) if self.random.random() < 0.3 else _FOREVER
        calls = iter([*range(left, -1, -1)] if left < _FOREVER else range(_FOREVER, 0, -1))
        store, builds = (Mortal(one, calls, self.random) for one in (self.store, self))
        try:
            self.take(name, event, attrs.evolve(self.desk, store=store, builds=builds))
        except (Killed, StopIteration):
            self.queue.append((name, event))

    def double(self) -> None:
        if self.queue:
            self.queue.append(self.random.choice(self.queue))

    def lose(self) -> None:
        if self.queue and not self.faithful:
            self.lost(self.queue.pop(self.random.randrange(len(self.queue)))[1])

    def lost(self, event: dict[str, Any]) -> None:
        """For who counts on it."""

    def late(self) -> None:
        self.random.shuffle(self.queue)

    def cut(self) -> None:
        """Half of a message."""
        if self.queue:
            name, event = self.random.choice(self.queue)
            text = json.dumps(event)
            self.take(name, text[: self.random.randrange(len(text))])  # type: ignore[arg-type]

    def wait(self) -> None:
        """Leases end, and claims of dispatchers that died; and environments of branches, where somebody looks."""
        self.store.time += self.random.choice((30, 61, 130, 3600, 3600 if self.faithful or self.depth else 8 * _DAY))

    def hourly(self) -> None:
        self.store.time += 3600
        self.scheduled()

    def breaks(self) -> None:
        """CloudFormation refuses a stack, or the tests of a unit fail on the protected branch, for a time."""
        if self.faithful:
            return
        own = [one.name for one in own_environments(self.store)]
        unit, place = self.random.choice(UNITS), self.random.choice((*PLACES, *own))
        self.home.platform.failing[f"{unit}-{place}"] = "throttled"
        if self.random.random() < 0.3:
            self.proofs.bad_units.add(unit)

    def heals(self) -> None:
        self.home.platform.failing.clear()
        self.proofs.bad_units.clear()

    def rest(self, *, approving: bool) -> None:
        """Nobody does anything any more but look, after an hour, and perhaps agree to what waits.

        One look is enough, but where builds died again and again: those are tried after a pause.
        """
        self.heals()
        self.street.meanwhile = []
        self.random = Sure(len(self.repository.commits))
        for _ in range(4):
            if not self.faithful:
                self.hourly()
            while self.queue or self.builds or (approving and self.approve_all()):
                self.deliver()
                if self.builds:
                    self._last()
                self.store.time += 60
                self.looks += 1
                assert self.looks < 300, "it does not come to rest"
            left = [one for one in self.wanted() if one.state != "done"]
            if self.faithful or not left:
                return
        raise AssertionError(f"it does not come to rest: {left}")

    def _last(self) -> None:
        """One of the last builds; as long as all is heard of, somebody still pushes amid the first ones."""
        if self.faithful and self.looks < 3:
            self.amid = {"push_now": 1}
            self.street.meanwhile, self.street.calls_left = [self._amid], self.random.randrange(40)
        self.run(0)
        self.street.meanwhile = []

    def approve_all(self) -> bool:
        return False


class Sure(Random):
    """No accidents any more."""

    def random(self) -> float:
        return 1.0

    def getrandbits(self, k: int, /) -> int:  # or choices would be made by the above, and never end
        return super().getrandbits(k)
