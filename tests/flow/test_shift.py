"""Traffic that moves in steps: watched, recorded, and finished or undone by the same command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.account import Invocation
from multi_env_lambda.aws.ledger import LEASE_SECONDS
from multi_env_lambda.model.alias import AliasState, Counts
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Holder, PhysicalResource, current_key
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.testing.memory import Killed, MemoryPlatform
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.faults.mortal import Switch, mortal

from .callers import FUNCTION, Clock
from .worlds import chain, deploy, outcomes, versions

GRACE = Holder(nonce="g", who="grace", host="desktop", process="7 7", since="2026-01-01T09:00:00Z", fencing=0)


def shifting(folder: Path, kind: str = "linear", percent: int = 40, minutes: int = 1) -> tuple[FakeWorld, Clock]:
    fake = chain(folder)
    fake.tree.traffic["search"] = (kind, percent, minutes)
    clock = Clock()
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, seconds=clock.seconds, sleep=clock.sleep))
    deploy(fake)
    fake.tree.content["search"] = "s2"
    fake.platform.metrics[FUNCTION, fake.tree.version_id("s2")] = Counts(invocations=10, errors=0)
    return fake, clock


def slept(fake: FakeWorld, clock: Clock, sleep: Callable[[float], None]) -> FakeWorld:
    return attrs.evolve(fake, world=attrs.evolve(fake.world, seconds=clock.seconds, sleep=sleep))


def texts(fake: FakeWorld) -> list[str]:
    return [event.text for event in fake.events if event.phase == "shift"]


def alias(fake: FakeWorld) -> AliasState | None:
    return fake.platform.alias(fake.world.config.environment("sandbox"), FUNCTION, "live")


def test_the_first_deploy_has_nothing_to_shift_from(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    assert clock.slept == []
    assert texts(fake) == []


def test_a_change_that_makes_no_new_version_moves_no_traffic(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)
    fake.tree.content["search"] = "s1"
    fake.tree.data["search"] = "searches"

    assert outcomes(deploy(fake))["search"] == "deployed"
    assert (clock.slept, texts(fake)) == ([], [])


def test_traffic_moves_step_by_step_and_ends_at_the_release(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    deploy(fake)

    assert texts(fake) == [
        "step 1/2: search-sandbox-main 40 % for 1 min",
        "step 2/2: search-sandbox-main 80 % for 1 min",
    ]
    assert clock.now == 120
    assert alias(fake) == AliasState(version=fake.tree.version_id("s2"), weights=())


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("2026-01-01T00:01:00Z", 1),
        ("2026-01-01T00:01:00", 1),
        ("2026-01-01T01:00:00+00:00", 0),
        ("in an hour", 0),
        ("", 0),
    ],
)
def test_credentials_that_end_before_the_traffic_has_moved_are_told(tmp_path: Path, end: str, told: int) -> None:
    fake, _ = shifting(tmp_path)
    fake.platform.ends = end

    assert outcomes(deploy(fake))["search"] == "deployed"
    assert (
        sum(text.startswith(f"your credentials expire at {end}, but this takes 2 min") for text in texts(fake)) == told
    )


def test_errors_of_the_new_version_bring_back_what_ran_before(tmp_path: Path) -> None:
    fake, _ = shifting(tmp_path)
    before = fake.platform.stacks["sandbox", "search-sandbox"].template
    version = fake.tree.version_id("s2")
    fake.platform.metrics[FUNCTION, version] = Counts(invocations=10, errors=9)

    result = deploy(fake)["search"]

    assert result.error == "CheckFailed"
    assert "90.0 % of 10 invocations" in result.detail
    assert fake.platform.stacks["sandbox", "search-sandbox"].template == before
    assert fake.world.ledger.history("sandbox", "search")[-1].outcome == "went back"


def test_a_shift_forgets_nothing_of_what_the_record_knew(tmp_path: Path) -> None:
    fake, _ = shifting(tmp_path)
    fake.platform.metrics[FUNCTION, fake.tree.version_id("s2")] = Counts(invocations=10, errors=9)
    deploy(fake)
    kept = PhysicalResource(logical_id="Docs", type="AWS::S3::Bucket", physical_id="docs")
    met = attrs.evolve(kept, physical_id="theirs")
    record, key = fake.world.ledger.records("sandbox")["search"], current_key("sandbox", "search")
    assert record.latest is not None
    record = attrs.evolve(record, latest=attrs.evolve(record.latest, left=(kept,), taken=(met,)))
    assert fake.store.replace(key, record.to_bytes(), etag=fake.store.objects[key].etag)

    assert deploy(fake)["search"].error == "CheckFailed"
    latest = fake.world.ledger.records("sandbox")["search"].latest
    assert latest is not None and (latest.left, latest.taken) == ((kept,), (met,))


def test_an_alias_that_is_not_divided_as_the_step_says_ends_the_shift(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)
    old, new = fake.tree.version_id("s1"), fake.tree.version_id("s2")
    before = fake.platform.stacks["sandbox", "search-sandbox"].template

    def interfere(kind: str, _: str) -> None:
        stack = fake.platform.stacks["sandbox", "search-sandbox"]
        stack.template = stack.template.replace('"FunctionWeight":0.4', '"FunctionWeight":0.9')

    fake.platform.after_write = interfere

    result = deploy(fake)["search"]

    there = f"its alias points at version {old}, with 90 % to version {new}"
    assert f"{there}, but should point at version {old} and give 40 % to the new one" in result.detail
    assert (result.error, clock.slept) == ("CheckFailed", [])
    assert fake.platform.stacks["sandbox", "search-sandbox"].template == before


def test_a_process_killed_between_two_steps_is_finished_by_the_same_command(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    switch = Switch()
    with pytest.raises(Killed):
        deploy(slept(mortal(fake, tmp_path / "killed", switch), clock, lambda _: switch.die()))
    assert fake.world.ledger.holder("sandbox", "search") is not None
    fake.events.clear()

    again = deploy(fake)

    assert outcomes(again)["search"] == "deployed"
    assert texts(fake)[0] == "step 1/2: search-sandbox-main 40 % for 1 min"
    assert versions(fake, "sandbox")["search"] == "0.1.0.post1"
    assert [item.outcome for item in fake.world.ledger.history("sandbox", "search")] == ["succeeded", "succeeded"]


def test_a_process_killed_at_a_later_step_goes_on_there(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    switch = Switch()

    def kill_later(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > 70:
            switch.die()

    with pytest.raises(Killed):
        deploy(slept(mortal(fake, tmp_path / "killed", switch), clock, kill_later))
    fake.events.clear()

    deploy(fake)

    assert texts(fake) == ["step 2/2: search-sandbox-main 80 % for 1 min"]


@pytest.mark.parametrize("percent", [40, 80, 100])
def test_a_process_killed_before_it_recorded_a_step_moves_no_traffic_back(tmp_path: Path, percent: int) -> None:
    fake, clock = shifting(tmp_path)
    weight = '"FunctionWeight"' if percent == 100 else f'"FunctionWeight":{percent / 100}'
    switch = Switch()

    def kill(kind: str, _: str) -> None:
        template = fake.platform.stacks["sandbox", "search-sandbox"].template
        if kind == "stack" and (weight in template) is (percent < 100):
            switch.die()

    fake.platform.after_write = kill
    with pytest.raises(Killed):
        deploy(slept(mortal(fake, tmp_path / "killed", switch), clock, clock.sleep))
    sent: list[str] = []
    fake.platform.after_write = lambda kind, _: sent.append(kind)

    assert deploy(fake)["search"].outcome == "deployed"
    assert len(sent) == {40: 2, 80: 1, 100: 0}[percent]
    assert alias(fake) == AliasState(version=fake.tree.version_id("s2"), weights=())


class Called(MemoryPlatform):
    """Remembers by which alias or version it was called, and fails for those that are bad."""

    def __init__(self, fake: FakeWorld, *bad: str) -> None:
        super().__init__(fake.platform._code)
        self.stacks, self.versions, self.metrics = fake.platform.stacks, fake.platform.versions, fake.platform.metrics
        self.bad = bad
        self.called: list[str] = []
        self.by_hand_when_called: dict[str, AliasState] = {}

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation:
        if function_name == "search-sandbox-main":
            self.called.append(alias)
            self.by_hand |= self.by_hand_when_called
        ok = json.dumps({"ok": alias not in self.bad}).encode()
        return attrs.evolve(super().invoke(environment, function_name, alias, payload), payload=ok)


def with_smoke(folder: Path, *bad: str) -> tuple[FakeWorld, Clock, Called]:
    fake, clock = shifting(folder)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    platform = Called(fake, *bad)
    return attrs.evolve(fake, platform=platform, world=attrs.evolve(fake.world, platform=platform)), clock, platform


def test_the_new_version_is_called_by_its_number_at_the_first_step_and_by_the_alias_at_the_end(tmp_path: Path) -> None:
    fake, _, platform = with_smoke(tmp_path)

    assert deploy(fake)["search"].outcome == "deployed"
    assert platform.called == [fake.tree.version_id("s2"), "live"]


def test_a_new_version_that_answers_wrong_is_taken_back_before_anybody_watches_it(tmp_path: Path) -> None:
    fake, clock, platform = with_smoke(tmp_path, FakeTree(content={}).version_id("s2"))
    before = fake.platform.stacks["sandbox", "search-sandbox"].template

    assert deploy(fake)["search"].error == "CheckFailed"
    assert clock.slept == []
    assert fake.platform.stacks["sandbox", "search-sandbox"].template == before


def test_who_lost_the_lease_while_watching_watches_no_longer(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)
    other = fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=fake.platform)
    running = fake.world.ledger.records("sandbox")["search"].release

    def sleep(seconds: float) -> None:
        if not clock.slept:
            fake.store.time += LEASE_SECONDS + 1
            clock.now += LEASE_SECONDS / 2
            other.world.ledger.acquire("sandbox", "search", GRACE, running=running)
        clock.sleep(seconds)

    assert deploy(slept(fake, clock, sleep))["search"].error == "PlanStale"
    assert len(clock.slept) == 1


@pytest.mark.parametrize(
    "hidden",
    [0, 30, 39, *(pytest.param(one, marks=(pytest.mark.slow, pytest.mark.long)) for one in range(1, 39) if one != 30)],
)
def test_a_version_that_always_fails_is_not_passed_whenever_cloudwatch_shows_it(tmp_path: Path, hidden: int) -> None:
    """Its calls become visible between any two questions."""
    fake, _ = shifting(tmp_path, percent=50)
    asked: list[str] = []

    def measured(_: str, version: str, __: float) -> Counts:
        asked.append(version)
        if version != fake.tree.version_id("s2"):
            return Counts(invocations=100, errors=0)
        return Counts(invocations=3, errors=3) if len(asked) > hidden else Counts(invocations=0, errors=0)

    fake.platform.measured = measured
    result = deploy(fake)["search"]

    assert (result.outcome, result.error) == ("failed", "CheckFailed")
    assert not any(text.startswith("step 2/") for text in texts(fake))
