"""Two people at once: one goes on, the other waits or learns who; and who was paused does not change anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.account import StackRequest
from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.aws.lease import HeldLease, HeldTogether
from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease, Ledger
from multi_env_lambda.errors import PlanStale, PublishError
from multi_env_lambda.flow.hold import _beat, hold
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.store import Written
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore
from multi_env_lambda.testing.world import FakeWorld, fake_world

from .worlds import chain, deploy, outcomes, three_units, versions

GRACE = Holder(nonce="g", who="grace", host="desktop", process="7 7", since="2026-01-01T09:00:00Z", fencing=0)
SEARCH = Request(verb="deploy", target="sandbox", only=("search",))


def taken_by_grace(fake: FakeWorld, running: str | None = None) -> Lease:
    return fake.world.ledger.acquire("sandbox", "search", GRACE, running=running)


def test_a_unit_that_somebody_deploys_is_left_to_them_and_the_others_go_on(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    taken_by_grace(fake)

    results = deploy(fake)

    assert outcomes(results) == {"customers": "deployed", "orders": "deployed", "search": "blocked"}
    assert results["search"].error == "Busy"
    assert "grace on desktop has been deploying it since 2026-01-01T09:00:00Z" in results["search"].detail
    assert ("sandbox", "search-sandbox") not in fake.platform.stacks


def waiting(fake: FakeWorld, seconds: float, meanwhile: Callable[[], None]) -> Result:
    """Deploy `search` while it is busy; the clock goes on only while it waits."""
    clock = [0.0]

    def sleep(pause: float) -> None:
        clock[0] += pause
        meanwhile()

    world = attrs.evolve(fake.world, seconds=lambda: clock[0], sleep=sleep)
    return pipeline.apply(world, pipeline.plan(world, SEARCH), wait_seconds=seconds)[0]


def test_who_waits_goes_on_as_soon_as_the_other_is_done(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    lease = taken_by_grace(fake)

    assert waiting(fake, 30, lambda: fake.world.ledger.release(lease)).outcome == "deployed"


def test_patience_ends(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    taken_by_grace(fake)
    pauses: list[int] = []

    assert waiting(fake, 5, lambda: pauses.append(1)).error == "Busy"
    assert len(pauses) == 5


def test_who_waited_while_something_else_was_deployed_is_told_to_look_again(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    other = fake_world(three_units(), tmp_path / "other", store=fake.store, platform=fake.platform)
    other.tree.content["search"] = "s2"
    draft = pipeline.plan(fake.world, SEARCH)
    deploy(other, only=("search",))

    assert pipeline.apply(fake.world, draft)[0].error == "PlanStale"
    assert fake.platform.stacks["sandbox", "search-sandbox"].updates == 1


def test_who_waited_while_the_same_release_was_deployed_has_nothing_to_do(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    lease = taken_by_grace(fake)

    def done_by_grace() -> None:
        if lease.record.holder is not None and fake.world.ledger.holder("sandbox", "search") is not None:
            fake.world.ledger.release(lease)
            assert outcomes(deploy(fake, only=("search",))) == {"search": "deployed"}

    result = waiting(fake, 5.0, done_by_grace)

    assert (result.outcome, result.detail) == ("unchanged", "somebody else deployed 0.1.0 in the meantime")


def test_a_holder_whose_process_is_gone_is_taken_over_at_once(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda holder: holder.who != "grace")
    taken_by_grace(fake)

    assert deploy(fake)["search"].outcome == "deployed"
    assert fake.world.ledger.records("sandbox")["search"].fencing == 2


def test_a_silent_holder_elsewhere_is_taken_over_when_its_lease_is_over(tmp_path: Path) -> None:
    fake = chain(tmp_path, alive=lambda _: True)
    taken_by_grace(fake)
    fake.store.time += LEASE_SECONDS + 1

    assert deploy(fake)["search"].outcome == "deployed"


class Paused(MemoryPlatform):
    """The process is stopped right before its change set is executed; ``meanwhile`` happens in that time."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def deploy(self, environment: Environment, request: StackRequest, held: Held, say: Callable[[str], None]) -> str:
        self.meanwhile()
        return super().deploy(environment, request, held, say)


def test_a_paused_holder_that_wakes_up_executes_nothing_and_writes_nothing(tmp_path: Path) -> None:
    platform = Paused(lambda _: "")
    fake = chain(tmp_path, platform=platform, alive=lambda _: True)
    clock = [0.0]

    def paused() -> None:
        fake.store.time += LEASE_SECONDS + 1
        clock[0] += LEASE_SECONDS + 1
        taken_by_grace(fake)

    platform.meanwhile = paused  # type: ignore[method-assign]
    world = attrs.evolve(fake.world, seconds=lambda: clock[0])
    result = pipeline.apply(world, pipeline.plan(world, SEARCH))[0]

    record = fake.world.ledger.records("sandbox")["search"]
    assert (result.error, fake.platform.stacks, versions(fake, "sandbox")) == ("PlanStale", {}, {})
    assert record.holder is not None and record.holder.who == "grace"


@pytest.mark.parametrize("verb", ["repair", "deploy"])
def test_who_lost_the_lease_of_what_ran_all_along_has_put_nothing_right_and_says_so(
    tmp_path: Path, verb: Literal["repair", "deploy"]
) -> None:
    plain = chain(tmp_path)
    platform = Paused(plain.platform._code)
    fake = chain(tmp_path, store=plain.store, platform=platform, alive=lambda _: True)
    deploy(fake, only=("search",))
    gone = ResourceDrift(logical_id="Queue", resource_type="AWS::SQS::Queue", status="DELETED", differences=())
    platform.drifted["sandbox", "search-sandbox"] = (gone,)
    running = fake.world.ledger.records("sandbox")["search"].release
    clock = [0.0]

    def paused() -> None:
        fake.store.time += LEASE_SECONDS + 1
        clock[0] += LEASE_SECONDS + 1
        fake.world.ledger.release(taken_by_grace(fake, running))

    platform.meanwhile = paused  # type: ignore[method-assign]
    world = attrs.evolve(fake.world, seconds=lambda: clock[0])
    request = attrs.evolve(SEARCH, verb=verb, force=verb == "deploy")
    (result,) = pipeline.apply(world, pipeline.plan(world, request))

    assert (result.outcome, result.error) == ("failed", "PlanStale"), result.detail
    assert platform.stacks["sandbox", "search-sandbox"].updates == 1


# --- the holder itself ---
class Clocks:
    """One that cannot be set, and one that can."""

    def __init__(self) -> None:
        self.running = self.wall = 1000.0

    def held(self, ledger: Ledger, lease: Lease) -> HeldLease:
        return HeldLease(ledger, lambda: lease, running_time=lambda: self.running, wall_time=lambda: self.wall)


def test_a_fresh_lease_is_not_renewed(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    held = Clocks().held(fake.world.ledger, taken_by_grace(fake))
    fake.store.writes.clear()

    held.make_sure()

    assert fake.store.writes == []


@pytest.mark.parametrize(
    ("running", "wall"), [(0, 3600), (3600, 3600), (1, -3600)], ids=["the laptop slept", "stopped", "clock set back"]
)
def test_after_a_pause_the_holder_looks_whether_it_still_holds(tmp_path: Path, running: float, wall: float) -> None:
    fake, clocks = chain(tmp_path, alive=lambda _: True), Clocks()
    held = clocks.held(fake.world.ledger, fake.world.ledger.acquire("sandbox", "search", GRACE, running=None))
    fake.store.time += 3600
    fake.world.ledger.acquire("sandbox", "search", attrs.evolve(GRACE, nonce="h", who="hedy"), running=None)
    clocks.running += running
    clocks.wall += wall

    with pytest.raises(PlanStale):
        held.make_sure()
    with pytest.raises(PlanStale):
        held.finish(held.record)


class Silent(MemoryStore):
    """A bucket whose next answers are lost, after the write was applied or before."""

    lost = 0
    applied = True

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        there = self.objects[key]
        if there.body == body:
            return Written(etag=there.etag)
        written = super().replace(key, body, etag=etag) if self.applied or not self.lost else None
        if self.lost:
            self.lost -= 1
            raise PublishError(key, "no answer", hint="again")
        return written


@pytest.mark.parametrize("applied", [True, False])
def test_a_sign_of_life_without_an_answer_is_no_loss(tmp_path: Path, applied: bool) -> None:
    store = Silent()
    fake = chain(tmp_path, store=store)
    held = HeldLease(fake.world.ledger, lambda: taken_by_grace(fake))
    store.lost, store.applied = 1, applied
    held.renew_quietly()

    held.make_sure()
    held.finish(held.record)

    assert fake.world.ledger.holder("sandbox", "search") is None


def test_the_lease_is_given_back_when_the_work_fails(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    with pytest.raises(ZeroDivisionError), hold(fake.world, "sandbox", "search", running=None):
        raise ZeroDivisionError

    assert fake.world.ledger.holder("sandbox", "search") is None


def test_a_pause_while_the_lease_was_asked_for_counts(tmp_path: Path) -> None:
    fake, clocks = chain(tmp_path, alive=lambda _: True), Clocks()

    def acquire() -> Lease:
        """Its answer is long on its way; meanwhile somebody takes over."""
        lease = taken_by_grace(fake)
        fake.store.time += LEASE_SECONDS + 1
        clocks.running += LEASE_SECONDS + 1
        fake.world.ledger.acquire("sandbox", "search", attrs.evolve(GRACE, nonce="h", who="hedy"), running=None)
        return lease

    held = HeldLease(fake.world.ledger, acquire, running_time=lambda: clocks.running)

    with pytest.raises(PlanStale):
        held.begin()


def test_who_lost_one_of_several_leases_has_lost_them_all(tmp_path: Path) -> None:
    one, other = FakeHeld(), FakeHeld()
    together = HeldTogether((one, other))
    together.make_sure()
    together.begin()
    other.lost = True

    with pytest.raises(PlanStale):
        together.make_sure()
    with pytest.raises(PlanStale):
        together.begin()
    assert one.looks[:2] == other.looks[:2] == ["make_sure", "begin"]


def test_ctrl_c_ends_the_work_even_if_the_lease_cannot_be_given_back(tmp_path: Path) -> None:
    """A watch took the error of the lease for somebody else's change, and went on."""
    fake = chain(tmp_path)
    with pytest.raises(KeyboardInterrupt), hold(fake.world, "sandbox", "search", running=None):
        fake.world.ledger.acquire("sandbox", "search", GRACE, running=None, is_dead=lambda _: True)
        raise KeyboardInterrupt

    with pytest.raises(PlanStale), hold(fake.world, "sandbox", "search", running=None):
        fake.world.ledger.acquire("sandbox", "search", GRACE, running=None, is_dead=lambda _: True)


@pytest.mark.parametrize(
    ("what", "unsure"),
    [
        ("", "before"),
        ("begin", "toward"),
        ("begin undone", "before"),
        ("begin changed", "toward"),
        ("begin changed begin undone", "toward"),
        ("changed", "before"),
        ("begin settled", None),
        ("begin changed settled", None),
        ("begin settled begin", "toward"),
    ],
)
def test_what_may_be_there_follows_from_what_was_done(tmp_path: Path, what: str, unsure: str | None) -> None:
    ledger = chain(tmp_path).world.ledger
    ledger.release(ledger.acquire("sandbox", "search", GRACE, running=None), unsure="before")
    held = HeldLease(ledger, lambda: ledger.acquire("sandbox", "search", GRACE, running=None, toward="toward"))
    for step in what.split():
        getattr(held, step)()
    held.give_back()

    assert ledger.records("sandbox")["search"].unsure == held.unsure == unsure


class Beats:
    """Time for a few signs of life; nobody waits for it."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.waited: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.left -= 1
        return self.left < 0


def test_a_holder_shows_that_it_is_alive_so_often_that_one_sign_may_be_lost(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    release = fake.world.ledger.records("sandbox")["search"].release
    beats = Beats(3)
    with hold(fake.world, "sandbox", "search", running=release) as held:
        _beat(held, beats)  # type: ignore[arg-type]
        assert held.record.holder is not None and held.record.holder.renewals == 3

    assert max(beats.waited) * 2 < LEASE_SECONDS
