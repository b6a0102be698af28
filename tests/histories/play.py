"""A history is played: each command by one person, in the clone that is hers, on accounts in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api.carry_out import plan as plan_to_save
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.aws.account import Caller
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.flow.rules import bound_of
from multi_env_lambda.model.alias import Counts
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.operations.prune import find_prunable, prune
from multi_env_lambda.testing.memory import Killed, MemoryPlatform, MemoryStore
from multi_env_lambda.testing.world import FakeWorld, fake_world
from multi_env_lambda.world import World
from tests.faults.mortal import Mortal, Switch
from tests.flow.callers import Clock

from .commands import (
    Agreed,
    Apply,
    Approve,
    Ask,
    Command,
    Destroy,
    Edit,
    Git,
    Hand,
    Look,
    Propose,
    Prune,
    Trouble,
    Wait,
)
from .hands import cause, change_by_hand, look
from .people import ENVIRONMENTS, PEOPLE, UNITS, Clone, OfClone, Team, config_of, tree_of
from .promises import Snapshot
from .watch import Told, Watch

__all__ = ["Play"]

STORE_WRITES = ("put_new", "replace", "delete")
CHANGES = ("deploy", "delete", "point_alias", "delete_function_version", "delete_layer_version", "send_code", "protect")


@attrs.define
class Meanwhile:
    """A switch that ends nothing: at that write something else happens, while the process waits for it."""

    nth: int
    act: Callable[[], None]
    writes: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def run(self, call: Callable[[], Any], *, writes: bool) -> Any:
        answer = call()
        with self._lock:
            self.writes += writes
            due = writes and self.writes == self.nth
        if due:
            self.act()
        return answer


@attrs.frozen
class Seat:
    """The accounts as one person is known there."""

    behind: MemoryPlatform
    who: str

    def caller(self) -> str:
        return self.who

    def writer(self) -> Caller:
        return Caller(arn=self.who, user_id=f"AIDA{self.who[-3:].upper()}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


@attrs.define(eq=False)
class Play:
    """``saved``: plans that wait for somebody. ``alive``: processes that are in the middle of a command."""

    folder: Path
    team: Team
    store: MemoryStore
    platform: MemoryPlatform
    clock: Clock = attrs.field(factory=Clock)
    saved: dict[int, Any] = attrs.field(factory=dict)
    alive: set[str] = attrs.field(factory=set)
    number: int = 0

    @classmethod
    def new(cls, folder: Path) -> Play:
        team = Team.new()
        fake = fake_world(tree_of(team.main.files), folder / "first")
        fake.platform.measured = lambda *_: Counts(invocations=10, errors=0)
        return cls(folder, team, fake.store, fake.platform)

    def snapshot(self) -> Snapshot:
        return look(self.store, self.platform)

    def watched(self) -> Watch:
        return Watch(ENVIRONMENTS, UNITS, self.snapshot())

    def step(self, watch: Watch, command: Command) -> list[str]:
        """Do it, and give what does not hold after it. Half of what is killed is given again at once."""
        told = self.run(command)
        if isinstance(command, Hand):
            watch.by_hand(self.snapshot())
            return []
        if found := watch.after(told, self.snapshot()):
            return [f"after {command}", *found]
        return self.step(watch, _again(command)) if told.killed and self.number % 2 else []

    def run(self, command: Command) -> Told:
        self.clock.now += 60
        told = Told()
        self._run(command, told)
        return told

    def _run(self, command: Command, told: Told) -> None:
        match command:
            case Edit(clone, file, text):
                _edit(self.team.clones[clone], file, text)
            case Git(clone, does):
                getattr(self.team, does)(self.team.clones[clone])
            case Wait(days):
                self.clock.now += days * 86_400
            case Hand(unit, environment, does):
                change_by_hand(self.platform, self.store, (environment, unit), does)
            case Trouble(unit, environment, kind):
                cause(self.platform, (environment, unit), kind)
            case Approve(who, file):
                self._guarded(told, lambda: self._approve(who, file))
            case Agreed(ask, by):
                self._run(Propose(attrs.evolve(ask, at=0), 0), told)
                self._run(Approve(by, 0), told)
                self._run(Apply(ask.who, 0, ask.agree, ask.at), told)
            case Propose(ask, file):
                self._guarded(told, lambda: self._propose(ask, file))
            case Ask() | Apply() | Destroy() | Prune() | Look():
                self._guarded(told, lambda: self._act(command, told))
            case other:
                assert_never(other)

    def _act(self, command: Ask | Apply | Destroy | Prune | Look, told: Told) -> None:
        world = self.world(command.who, self._switch(command, told))
        told.tables.append(tuple(place.name for place in world.config.environments))
        match command:
            case Ask():
                draft = pipeline.plan(world, _request(command), soon=True)
                self._apply(world, draft, command.agree, told)
            case Apply(_, file, agree):
                if file in self.saved:
                    draft = pipeline.same_again(world, self.saved[file], soon=True)
                    self._apply(world, draft, agree, told)
            case Destroy():
                self._destroy(world, command, told)
            case Prune():
                prune(world, find_prunable(world))
            case Look():
                for item in find_drift(world):
                    found, said = item.drifted or bool(item.problem), item.problem or " ".join(item.names)
                    told.drifted[item.environment, item.project] = (found, said)
            case other:
                assert_never(other)

    def _apply(self, world: World, draft: pipeline.PreparedPlan, agree: frozenset[str], told: Told) -> None:
        request = Request.from_asked(dict(draft.plan.asked))
        told.verbs.add(request.verb)
        told.everything |= request.everything
        answers = {question.answer for question in draft.plan.questions}
        allowed = {answer for answer in answers if answer.partition(":")[0] in agree}
        told.agreed |= _may_go(draft.plan, allowed)
        told.results += pipeline.apply(world, draft, Consent(allowed=frozenset(allowed)))

    def _destroy(self, world: World, command: Destroy, told: Told) -> None:
        removal = find_removal(world, command.unit, command.environment)
        if command.by and command.by != command.who:
            there = bound_of(world, command.environment)
            weaker = there.table if there.weaker else None
            approve(self.world(command.by), command.environment, removal.digest, weaker=weaker)
        told.agreed |= {f"{command.unit}/{item.logical_id}" for item in removal.lost}
        told.destroyed.add((command.environment, command.unit))
        told.results.append(destroy(world, removal, force=command.force))

    def _propose(self, ask: Ask, file: int) -> None:
        world = self.world(ask.who)
        opened = Opened(root=self.folder, config=world.config, projects=world.projects, broken=world.broken)
        opened.__dict__["world"] = world
        self.saved[file] = plan_to_save(opened, _request(ask), publish=True).to_dict()

    def _approve(self, who: str, file: int) -> None:
        if file not in self.saved:
            return
        world = self.world(who)
        plan = pipeline.same_again(world, self.saved[file], published=True).plan
        for environment in plan.environments:
            bound = bound_of(world, environment)
            if bound.asks:
                approve(world, environment, plan.digest_of(environment), weaker=bound.table if bound.weaker else None)

    def _switch(self, command: Ask | Apply | Destroy | Prune | Look, told: Told) -> Switch | Meanwhile:
        at = 0 if isinstance(command, Look) else command.at
        if not isinstance(command, Ask) or command.meanwhile is None:
            return Switch(at)
        other, nonce = command.meanwhile, f"{self.number + 1}"

        def act() -> None:
            told.muddled = True
            self.alive.add(nonce)
            self._run(other, told)
            self.alive.discard(nonce)

        return Meanwhile(at, act)

    def _guarded(self, told: Told, act: Callable[[], None]) -> None:
        try:
            act()
        except Killed:
            told.killed = True
        except MultiEnvLambdaError as error:
            told.errors.append(f"{error.where}: {error.what}")
            told.unexpected += [told.errors[-1]] if type(error) is MultiEnvLambdaError else []

    def world(self, who: str, switch: Switch | Meanwhile | None = None) -> World:
        """The accounts and the bucket as the process of this person sees them; it dies with the switch."""
        self.number += 1
        nonce, clone = f"{self.number}", self.team.clones[PEOPLE[who]]
        self.store.time = 1_000_000.0 + self.clock.now
        by = Switch() if switch is None else switch
        store: Any = Mortal(self.store, by, STORE_WRITES)
        platform: Any = Mortal(Seat(self.platform, f"arn:aws:iam::111111111111:user/{who}"), by, CHANGES)
        tree, config = tree_of(clone.files), config_of(clone.files)
        fake: FakeWorld = fake_world(tree, self.folder / who, config=config, store=store, platform=platform)
        return attrs.evolve(
            fake.world,
            maker=OfClone(self.team, clone, fake.world.maker, self.folder / who),
            holder=lambda: Holder(nonce=nonce, who=who, host="h", process=nonce, since=self._now(), fencing=0),
            holder_is_dead=lambda holder: holder.nonce not in self.alive,
            now=self._now,
            seconds=self.clock.seconds,
            sleep=self.clock.sleep,
        )

    def _now(self) -> str:
        return f"{datetime.fromtimestamp(1_767_225_600 + self.clock.now, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _again(command: Command) -> Command:
    """The same, and nobody ends it."""
    match command:
        case Ask() | Apply() | Destroy() | Prune():
            return attrs.evolve(command, at=0)
        case Agreed(ask):
            return attrs.evolve(command, ask=attrs.evolve(ask, at=0))
        case _:
            return command


def _edit(clone: Clone, file: str, text: str) -> None:
    if text:
        clone.files[file] = text
    else:
        clone.files.pop(file, None)


def _request(ask: Ask) -> Request:
    skip = ask.skip and ask.target == "prod" and ask.verb in ("deploy", "promote") and not ask.through
    return Request(
        verb=ask.verb,
        target=ask.target,
        through=ask.through and ask.verb in ("deploy", "promote"),
        only=ask.only or (("search",) if ask.verb == "rollback" else ()),
        everything=ask.everything and ask.verb == "deploy",
        force=ask.force,
        skip_from="sandbox" if skip else None,
        reason="it burns" if skip else "",
    )


def _may_go(plan: Plan, allowed: set[str]) -> set[str]:
    """What may be lost, as ``UNIT/LOGICAL ID``: whoever approves a plan of prod, or takes over, has read a list."""
    found: set[str] = set()
    for step in plan.deploys:
        words = {item for item in step.questions if step.environment == "prod" or item.answer in allowed}
        found |= {item.answer.partition(":")[2] for item in words if item.kind == "destructive"}
        if any(item.kind == "take over" for item in words):
            found |= {f"{step.project}/{name}" for name in ("Data", "Ledger", "Other")}
    return found
