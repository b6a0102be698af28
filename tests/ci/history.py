"""A repository, its CI and everybody who does something to them, at random: events that are lost, doubled, swapped and
late, force pushes, deletions, approvals, holds, freezes; dispatcher and builds that are killed at any call.

What is under test is real: ``read_event``, ``decide``, ``standing``, ``dispatch`` with its store. A build is played: it
does to a dictionary what a deploy does to an account, one step at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from random import Random
from typing import Any

import attrs

from multi_env_lambda.ci import (
    Asked,
    BranchEnvironment,
    Bring,
    Frozen,
    Head,
    Own,
    Remove,
    State,
    UnitHeld,
    Upkeep,
    read_event,
)
from multi_env_lambda.ci.decide import decide
from multi_env_lambda.ci.standing import standing
from multi_env_lambda.ci.subject import subject_of
from multi_env_lambda.ci.wanted import FOLDER, Wanted
from multi_env_lambda.errors import Busy
from multi_env_lambda.model.ancestry import Kin
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.digest import digest
from multi_env_lambda.operations.dispatch import begin_job, dispatch, finish_job, waiting, want
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.memory_store import MemoryStore

__all__ = ["ENVIRONMENTS", "UNITS", "History", "World"]

ENVIRONMENTS = ("sandbox", "test", "prod")
APPROVED = "prod"
UNITS = ("orders", "billing")
RULES = CiRules(branches=("feature/*",), days=7)
FEATURES = ("feature/a", "feature/$(b)")
_DAY = 86_400.0
_MOST_BUILDS = 2
_MOST_DELIVERIES = 5
_LOST = 0.1

Build = Iterator[None]


@attrs.frozen
class Commit:
    parent: int | None
    content: dict[str, int]
    committed: float


class World:
    """The repository and the accounts. A commit is its number, what a unit is made of another."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.commits = [Commit(None, dict.fromkeys(UNITS, 0), self.store.time)]
        self.branches: dict[str, int] = {"main": 0}
        self.records: dict[tuple[str, str], tuple[int, int]] = {}
        self.own: dict[str, tuple[BranchEnvironment, dict[str, int]]] = {}
        self.approvals: set[tuple[str, str]] = set()
        self.holds: set[tuple[str, str]] = set()
        self.frozen: set[str] = set()
        self.builds: dict[str, tuple[str, Build]] = {}
        self.taken: dict[str, str] = {}
        self.started = 0

    # --- Git ---
    def past(self, commit: int | None) -> list[int]:
        found: list[int] = []
        while commit is not None:
            found.append(commit)
            commit = self.commits[commit].parent
        return found

    def kin(self, there: int, mine: int) -> Kin:
        if there in self.past(mine):
            return "ancestor"
        return "newer" if mine in self.past(there) else "diverged"

    def state(self) -> State:
        heads = {
            name: Head(commit=str(commit), committed=self.commits[commit].committed)
            for name, commit in self.branches.items()
        }
        return State(
            rules=RULES,
            environments=ENVIRONMENTS,
            now=self.store.time,
            repository="units",
            branches=heads,
            frozen=tuple(Frozen(environment=name, who="ada") for name in sorted(self.frozen)),
            held=tuple(UnitHeld(unit=unit, environment=place, who="ada") for unit, place in sorted(self.holds)),
            waiting=waiting(self.store),
            own=tuple(one for one, _ in self.own.values()),
        )

    # --- where builds run ---
    def start(self, job: str, *, merged: bool) -> str | None:
        if len(self.builds) >= _MOST_BUILDS:
            return None
        self.started += 1
        name = f"build {self.started}"
        self.builds[name] = (job, self._build(job, name))
        return name

    def is_over(self, build: str) -> bool:
        return build not in self.builds

    def end(self, name: str) -> str:
        """A build is over, whether or not it came to its end."""
        job, _ = self.builds.pop(name)
        self.taken = {key: build for key, build in self.taken.items() if build != name}
        return job

    def _build(self, job: str, name: str) -> Build:
        yield
        mine = begin_job(self.store, job, name)
        if mine is None:
            return
        assert mine.key not in self.taken, "two builds are at the same work"
        self.taken[mine.key] = name
        yield
        while True:
            waits: list[tuple[str, str]] = []
            again = yield from self._work(mine.key, waits)
            yield
            if not again and finish_job(self.store, job, name, "done", tuple(waits)):
                return
            yield

    def _work(self, key: str, waits: list[tuple[str, str]]) -> Generator[None, None, bool]:
        """One look. True: the world moved meanwhile, and it has to look again."""
        subject = subject_of(key)
        assert subject is not None
        for task in decide(Asked(subject=subject), self.state()).jobs:
            match task:
                case _ if task.subject != subject:
                    want(self.store, task.subject.key)
                    again = False
                case Bring():
                    again = yield from self._bring(task, waits)
                case Own():
                    again = yield from self._branch(task)
                case Remove():
                    again = self._remove(task)
                case Upkeep():
                    again = False
                case _:
                    raise AssertionError(task)
            if again:
                return True
        return False

    # --- what a deploy does, of which each part is done under the lease ---
    def _bring(self, task: Bring, waits: list[tuple[str, str]]) -> Generator[None, None, bool]:
        head = self.branches[task.branch]
        reachable = ENVIRONMENTS[: ENVIRONMENTS.index(task.to) + 1]
        for place, environment in enumerate(reachable):
            source = self._sources(place, head)
            changed = {
                unit: (commit, content)
                for unit, (commit, content) in source.items()
                if self.records.get((environment, unit), (0, None))[1] != content and self._free(unit, environment)
            }
            plan = digest([environment, sorted((unit, content) for unit, (_, content) in changed.items())])
            if changed and environment == APPROVED and (environment, plan) not in self.approvals:
                waits.append((environment, plan))
                return False
            for unit, (commit, content) in changed.items():
                yield
                if self._sources(place, head).get(unit) != (commit, content):
                    return True  # the plan is stale
                if not self._deploy(environment, unit, commit, content, task.branch):
                    return True
        return False

    def _sources(self, place: int, head: int) -> dict[str, tuple[int, int]]:
        """What an environment gets: the commit, or what runs in the one before it."""
        if place == 0:
            return {unit: (head, content) for unit, content in self.commits[head].content.items()}
        before = ENVIRONMENTS[place - 1]
        return {unit: self.records[before, unit] for unit in UNITS if (before, unit) in self.records}

    def _free(self, unit: str, environment: str) -> bool:
        upto = ENVIRONMENTS[: ENVIRONMENTS.index(environment) + 1]
        return not any((unit, place) in self.holds for place in upto) and not self.frozen & set(upto)

    def _deploy(self, environment: str, unit: str, commit: int, content: int, branch: str) -> bool:
        """Under the lease. False: nobody can tell any more whether this is right, and the run looks again."""
        there = self.records.get((environment, unit))
        if not self._free(unit, environment) or (there is not None and there[1] == content):
            return True
        if there is not None:
            past = self.past(self.branches[branch])
            newest = self.branches[branch] == commit or environment != ENVIRONMENTS[0]
            match standing(self.kin(there[0], commit), kept=there[0] in past, newest=newest):
                case "superseded":
                    return True
                case "look again":
                    return False
                case "goes":
                    backwards = commit != there[0] and commit in self.past(there[0])
                    assert not backwards or there[0] not in past, f"{unit} in {environment} was set back"
        self.records[environment, unit] = (commit, content)
        return True

    def _branch(self, task: Own) -> Generator[None, None, bool]:
        head = self.branches[task.branch]
        yield
        if self.branches.get(task.branch) != head:
            return True
        one = BranchEnvironment(name=task.environment, branch=task.branch, commit=str(head), until=task.until)
        self.own[task.environment] = (one, self.commits[head].content)
        return False

    def _remove(self, task: Remove) -> bool:
        self.own.pop(task.environment, None)
        return False


class Mortal:
    """Store and builds of a dispatcher that is killed at one of its calls, before or after what it does."""

    def __init__(self, behind: Any, calls: Iterator[int], random: Random) -> None:
        self._behind, self._calls, self._random = behind, calls, random

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not callable(found):
            return found
        return lambda *words, **more: self._call(lambda: found(*words, **more))

    def _call(self, call: Callable[[], Any]) -> Any:
        last = next(self._calls) == 0
        if last and self._random.random() < 0.5:
            raise Killed
        answer = call()
        if last:
            raise Killed
        return answer


@attrs.define
class History:
    """One random history of a world.

    Args:
        faithful: no event is lost and no build killed, so that everything comes to its end without the schedule.
    """

    random: Random
    world: World = attrs.field(factory=World)
    queue: list[tuple[Any, int]] = attrs.field(factory=list)
    faithful: bool = False
    sent: int = 0

    def go(self, steps: int) -> None:
        self._moved("main")
        doings: tuple[tuple[Callable[[], None], int], ...] = (
            (self.push, 4),
            (self.force_push, 1),
            (self.touch_a_branch, 3),
            (self.delete_a_branch, 1),
            (self.deliver, 8),
            (self.run_builds, 8),
            (self.kill_a_build, 0 if self.faithful else 1),
            (self.approve, 2),
            (self.hold_or_lift, 1),
            (self.freeze_or_thaw, 1),
            (self.wait, 1),
        )
        for doing in self.random.choices([one for one, _ in doings], [weight for _, weight in doings], k=steps):
            doing()

    def settle(self, *, approving: bool) -> None:
        """Nobody does anything any more, and nothing is killed; where events were lost, the schedule looks."""
        if not self.faithful:
            self.queue.clear()
        before = None
        for _ in range(60):
            self.world.store.time += 1800
            if not self.faithful:
                self._send(_event("aws.events", "Scheduled Event", {}), sure=True)
            for name in list(self.world.builds):
                self.step(name, 10_000)
            while self.queue:
                self.deliver_one(*self.queue.pop(0), calls=None)
                self.world.store.time += 60
                for name in list(self.world.builds):
                    self.step(name, 10_000)
            if approving:
                self.approve()
            now = (dict(self.world.records), {name: one[1] for name, one in self.world.own.items()})
            if now == before and not self.queue and not any(map(self._is_open, self.wanted())):
                return
            before = now
        raise AssertionError("it does not come to rest")

    def _is_open(self, wanted: Wanted) -> bool:
        """Whether there is something to do for it: of what is frozen by now, there may be a wish and no work."""
        subject = subject_of(wanted.key)
        assert subject is not None
        return wanted.state != "done" and bool(decide(Asked(subject=subject), self.world.state()).jobs)

    def wanted(self) -> list[Wanted]:
        stored = (self.world.store.get(item.key) for item in self.world.store.list(FOLDER))
        return [Wanted.from_bytes(one.body, where=one.key) for one in stored if one is not None]

    # --- what people do ---
    def push(self) -> None:
        self._commit("main", self.world.branches["main"])

    def force_push(self) -> None:
        past = self.world.past(self.world.branches["main"])
        target = self.random.choice(past)
        if self.random.random() < 0.5:
            self._commit("main", target)
        else:
            self.world.branches["main"] = target
            self._moved("main")

    def touch_a_branch(self) -> None:
        name = self.random.choice(FEATURES)
        self._commit(name, self.world.branches.get(name, self.world.branches["main"]))

    def delete_a_branch(self) -> None:
        name = self.random.choice(FEATURES)
        if self.world.branches.pop(name, None) is not None:
            detail = {"event": "referenceDeleted", "referenceType": "branch", "referenceFullName": f"refs/heads/{name}"}
            self._send(_codecommit(detail))

    def approve(self) -> None:
        """Somebody agrees to what waits; the approval is written, and an event tells of it."""
        for one in waiting(self.world.store):
            if (one.environment, one.digest) not in self.world.approvals:
                self.world.approvals.add((one.environment, one.digest))
                key = f"environments/{one.environment}/approvals/{one.digest}/{'0' * 16}/AIDA.json"
                self._send(_event("aws.s3", "Object Created", {"bucket": {"name": "b"}, "object": {"key": key}}))

    def hold_or_lift(self) -> None:
        """A rollback by hand leaves a hold; what it brings back is what an earlier commit was."""
        unit, place = self.random.choice(UNITS), self.random.choice(ENVIRONMENTS)
        if (unit, place) in self.world.holds:
            self.world.holds.remove((unit, place))
            self._send(_event("multi_env_lambda", "asked", {"branch": "main"}))
        elif (place, unit) in self.world.records:
            commit = self.random.choice(self.world.past(self.world.records[place, unit][0]))
            self.world.records[place, unit] = (commit, self.world.commits[commit].content[unit])
            self.world.holds.add((unit, place))

    def freeze_or_thaw(self) -> None:
        self.world.frozen ^= {self.random.choice(ENVIRONMENTS)}
        self._send(_event("multi_env_lambda", "asked", {"branch": "main"}))

    def wait(self) -> None:
        """Minutes, or so long that environments of branches are over."""
        self.world.store.time += self.random.choice([30, 600, 3000, 600 if self.faithful else 8 * _DAY])

    # --- what the machines do ---
    def deliver(self) -> None:
        """A message of the queue, any: swapped and late. Some are told twice, and some never."""
        if not self.queue:
            return
        event, count = self.queue.pop(self.random.randrange(len(self.queue)))
        if self.random.random() < 0.2:
            self.queue.append((event, count))
        self.deliver_one(event, count, calls=self.random.randrange(12) if self.random.random() < 0.4 else None)

    def deliver_one(self, event: Any, count: int, *, calls: int | None) -> None:
        left = iter(range(10**9 if calls is None else calls, -1, -1))
        store: Any = Mortal(self.world.store, left, self.random)
        builds: Any = Mortal(self.world, left, self.random)
        try:
            for happened in read_event(event):
                known = attrs.evolve(self.world.state(), branches=None, own=())
                dispatch(store, builds, happened, known, message=event["id"])
        except (Killed, Busy):
            if self.faithful or count < _MOST_DELIVERIES:
                self.queue.append((event, count + 1))

    def run_builds(self) -> None:
        for name in list(self.world.builds):
            self.step(name, self.random.randrange(8))

    def step(self, name: str, steps: int) -> None:
        for _ in range(steps):
            if next(self.world.builds[name][1], "ended") == "ended":
                self._over(name, "SUCCEEDED")
                return

    def kill_a_build(self) -> None:
        if self.world.builds:
            self._over(self.random.choice(sorted(self.world.builds)), "STOPPED")

    # --- events ---
    def _commit(self, branch: str, parent: int) -> None:
        content = dict(self.world.commits[parent].content)
        for unit in self.random.sample(UNITS, self.random.randint(0, 2)):
            content[unit] = len(self.world.commits)
        self.world.commits.append(Commit(parent, content, self.world.store.time))
        self.world.branches[branch] = len(self.world.commits) - 1
        self._moved(branch)

    def _moved(self, branch: str) -> None:
        detail = {"event": "referenceUpdated", "referenceType": "branch", "referenceFullName": f"refs/heads/{branch}"}
        self._send(_codecommit(detail))

    def _over(self, name: str, status: str) -> None:
        job = self.world.end(name)
        variables = [{"name": "MULTI_ENV_LAMBDA_JOB", "value": job}]
        detail = {
            "build-status": status,
            "build-id": name,
            "project-name": "units-ci",
            "additional-information": {"environment": {"environment-variables": variables}},
        }
        self._send(_event("aws.codebuild", "CodeBuild Build State Change", detail))

    def _send(self, event: Any, *, sure: bool = False) -> None:
        self.sent += 1
        if sure or self.faithful or self.random.random() >= _LOST:
            self.queue.append(({**event, "id": str(self.sent)}, 0))


def _event(source: str, kind: str, detail: Any) -> Any:
    return {"source": source, "detail-type": kind, "detail": detail}


def _codecommit(detail: Any) -> Any:
    return _event("aws.codecommit", "CodeCommit Repository State Change", {"repositoryName": "units", **detail})
