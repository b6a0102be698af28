"""An alias that somebody moved by hand: a shift of traffic stops, and goes on from its first step by consent alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.alias import AliasState, Counts
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeTree, FakeWorld
from tests.faults.mortal import Switch, mortal

from .callers import FUNCTION, Clock
from .test_shift import alias, shifting, slept, texts, with_smoke
from .worlds import deploy, rollback

AGREED = Consent(allowed=frozenset({"traffic:search"}))


def killed(folder: Path, after: float = 0.0) -> tuple[FakeWorld, Clock]:
    """A shift of 40 and 80 % whose process is gone, in the first step or in a later one."""
    fake, clock = shifting(folder)
    switch = Switch()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > after:
            switch.die()

    with pytest.raises(Killed):
        deploy(slept(mortal(fake, folder / "killed", switch), clock, sleep))
    fake.events.clear()
    return fake, clock


def states(fake: FakeWorld) -> dict[str, AliasState]:
    old, new = fake.tree.version_id("s1"), fake.tree.version_id("s2")
    return {
        "all": AliasState(version=new, weights=()),
        "most": AliasState(version=new, weights=((old, 0.1),)),
        "changed over": AliasState(version=new, weights=((old, 0.4),)),
        "more": AliasState(version=old, weights=((new, 0.8),)),
        "back": AliasState(version=old, weights=()),
    }


@pytest.mark.parametrize("where", ["all", "most", "changed over", "more", "back"])
def test_a_shift_goes_on_from_no_traffic_that_somebody_moved(tmp_path: Path, where: str) -> None:
    fake, _ = killed(tmp_path)
    old, new = fake.tree.version_id("s1"), fake.tree.version_id("s2")
    fake.platform.by_hand[FUNCTION] = moved = states(fake)[where]
    before = fake.platform.stacks["sandbox", "search-sandbox"].updates

    result = deploy(fake)["search"]

    assert (result.outcome, result.error) == ("blocked", "Refused")
    assert f"{FUNCTION}: its alias live points at version {moved.version}" in result.detail
    assert f"CloudFormation pointed it at version {old}, with 40 % to version {new}" in result.detail
    assert "`rollback.py search sandbox`" in result.detail
    assert "--agree traffic:search" in result.hint
    assert (alias(fake), fake.platform.stacks["sandbox", "search-sandbox"].updates) == (moved, before)
    latest = fake.world.ledger.records("sandbox")["search"].latest
    assert latest is not None and latest.outcome == "shifting"


@pytest.mark.parametrize("after", [0.0, 70.0], ids=["first step", "second step"])
def test_by_consent_all_steps_are_watched_again(tmp_path: Path, after: float) -> None:
    fake, clock = killed(tmp_path, after)
    fake.platform.by_hand[FUNCTION] = states(fake)["all"]
    began = clock.now

    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert [text[:8] for text in texts(fake)] == ["step 1/2", "step 2/2"]
    assert clock.now >= began + 120
    assert alias(fake) == states(fake)["all"]


def test_a_version_that_always_fails_gets_nothing_by_consent(tmp_path: Path) -> None:
    fake, _ = killed(tmp_path)
    fake.platform.by_hand[FUNCTION] = states(fake)["all"]
    fake.platform.metrics[FUNCTION, fake.tree.version_id("s2")] = Counts(invocations=9, errors=9)

    assert deploy(fake, consent=AGREED)["search"].error == "CheckFailed"
    assert alias(fake) == states(fake)["back"]


def test_what_is_moved_after_the_agreement_is_asked_for_again(tmp_path: Path) -> None:
    fake, clock = killed(tmp_path)
    fake.platform.by_hand[FUNCTION] = states(fake)["all"]

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if seconds == 2.0 and len(fake.platform.looked) > looked:
            fake.platform.by_hand[FUNCTION] = states(fake)["back"]

    looked = len(fake.platform.looked)
    result = deploy(slept(fake, clock, sleep), consent=AGREED)["search"]

    assert result.error == "PlanStale", result
    assert alias(fake) == states(fake)["back"]


@pytest.mark.parametrize("when", [5.0, 65.0], ids=["first step", "last step"])
def test_traffic_that_somebody_gives_back_in_an_emergency_stays_there(tmp_path: Path, when: float) -> None:
    fake, clock = shifting(tmp_path)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > when and FUNCTION not in fake.platform.by_hand and len(clock.slept) < 10:
            fake.platform.by_hand[FUNCTION] = states(fake)["back"]

    result = deploy(slept(fake, clock, sleep))["search"]

    assert (result.outcome, result.error) == ("blocked", "Refused")
    assert "--agree traffic:search" in result.hint
    assert clock.now < when + 30
    assert alias(fake) == states(fake)["back"]
    assert rollback(fake, "search", "sandbox").outcome == "deployed"
    assert fake.platform.by_hand == {}


@pytest.mark.parametrize("written", ["0.4", "0.8"], ids=["first step", "second step"])
@pytest.mark.parametrize("where", ["all", "back"])
def test_traffic_that_somebody_moves_right_after_a_step_was_written_stays_there(
    tmp_path: Path, written: str, where: str
) -> None:
    fake, _ = shifting(tmp_path)
    moved = states(fake)[where]

    def move(kind: str, _: str) -> None:
        stack = fake.platform.stacks["sandbox", "search-sandbox"]
        if f'"FunctionWeight":{written}' in stack.template:
            fake.platform.by_hand[FUNCTION] = moved

    fake.platform.after_write = move
    result = deploy(fake)["search"]

    assert (result.outcome, result.error) == ("blocked", "Refused"), result
    assert "--agree traffic:search" in result.hint
    assert alias(fake) == moved
    latest = fake.world.ledger.records("sandbox")["search"].latest
    assert latest is not None and latest.outcome == "shifting"


def test_traffic_that_somebody_moves_while_the_new_version_is_called_stays_there(tmp_path: Path) -> None:
    fake, _, platform = with_smoke(tmp_path, FakeTree(content={}).version_id("s2"))
    moved = platform.by_hand_when_called[FUNCTION] = states(fake)["back"]

    assert deploy(fake)["search"].error == "Refused"
    assert alias(fake) == moved


def test_one_old_answer_right_after_a_step_was_written_stops_nothing(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    def answer_late(kind: str, _: str) -> None:
        if not clock.slept:
            fake.platform.by_hand[FUNCTION] = states(fake)["back"]

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        fake.platform.by_hand.clear()

    fake.platform.after_write = answer_late

    assert deploy(slept(fake, clock, sleep), only=("search",))["search"].outcome == "deployed"


def test_one_old_answer_about_the_alias_stops_nothing(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        fake.platform.by_hand.clear()
        if len(clock.slept) == 1:
            fake.platform.by_hand[FUNCTION] = states(fake)["back"]

    assert deploy(slept(fake, clock, sleep))["search"].outcome == "deployed"


def test_all_traffic_that_came_by_cloudformation_before_its_steps_were_watched_is_refused(tmp_path: Path) -> None:
    fake, _ = killed(tmp_path)
    stack = fake.platform.stacks["sandbox", "search-sandbox"]
    release = fake.world.ledger.records("sandbox")["search"].latest
    assert release is not None
    sent = {hashlib.sha256(item.body).hexdigest(): item.body for item in fake.store.objects.values()}
    stack.template = sent[release.template_sha256].decode()

    result = deploy(fake)["search"]

    assert result.error == "Refused"
    assert "has all traffic, but step 1 of 2 is the last one recorded" in result.detail


def test_what_is_sent_again_takes_back_an_alias_of_a_function_without_steps(tmp_path: Path) -> None:
    fake, _ = shifting(tmp_path)
    function = "orders-sandbox-main"
    fake.tree.content["search"] = "s1"
    fake.platform.by_hand[function] = AliasState(version="1", weights=(("2", 0.5),))

    assert deploy(fake, only=("orders",), force=True)["orders"].outcome == "deployed"
    assert fake.platform.by_hand[function].weights == ()
    said = [event.text for event in fake.events if "moving it back" in event.text]
    assert len(said) == 1 and "points at version 1, with 50 % to version 2; CloudFormation pointed it at" in said[0]


def test_another_release_is_not_compared_with_a_version_that_somebody_put_there(tmp_path: Path) -> None:
    fake, _ = killed(tmp_path)
    fake.platform.by_hand[FUNCTION] = states(fake)["all"]
    fake.tree.content["search"] = "s3"

    assert deploy(fake)["search"].error == "Refused"


def test_nobody_is_asked_where_no_traffic_moves_in_steps(tmp_path: Path) -> None:
    fake, _ = shifting(tmp_path)
    fake.tree.content["search"] = "s1"
    fake.tree.content["orders"] = "o2"
    fake.platform.by_hand["orders-sandbox-main"] = AliasState(version="1", weights=())
    world = attrs.evolve(fake.world, sleep=lambda _: pytest.fail("nobody looks at an alias that the template moves"))

    assert deploy(attrs.evolve(fake, world=world))["orders"].outcome == "deployed"
    assert "orders-sandbox-main" not in fake.platform.by_hand
