"""CloudWatch shows errors late: no step is passed before the new version was seen, and no healthy one waits in vain."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.ledger import LEASE_SECONDS
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.result import Result
from multi_env_lambda.testing.world import FakeWorld
from tests.tools.ranges import some_of

from .callers import FUNCTION, Callers, Clock, with_callers
from .test_lease import GRACE
from .test_shift import alias, shifting, texts
from .worlds import deploy

MINUTES = (1, *(pytest.param(minutes, marks=(pytest.mark.slow, pytest.mark.long)) for minutes in range(2, 11)))
LATE = some_of((0, 30, 60, 120, 180), every=3)
PHASES = (0.0, 20.5, 59.0)
"""At which second of CloudWatch's minute a shift begins."""

_LOOK = 10.0


def moved(
    folder: Path, kind: str, minutes: int, late: float, phase: float = 0.0, *, rate: float = 1200, bad: bool = False
) -> tuple[FakeWorld, Clock, Result]:
    """A deploy whose new version gets 20 %, with callers; the clock says how long it took."""
    fake, clock = shifting(folder, kind, 20, minutes)
    new = fake.tree.version_id("s2")
    clock.now = 600 + phase
    callers = Callers(fake=fake, clock=clock, rate=rate, late=late, failing=(new,) if bad else ())
    result = deploy(with_callers(fake, clock, callers), only=("search",))["search"]
    clock.now -= 600 + phase
    return fake, clock, result


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize("kind", ["canary", "linear"])
def test_a_version_that_fails_every_call_never_passes_the_first_step(
    tmp_path: Path, kind: str, minutes: int, late: float
) -> None:
    for phase in PHASES:
        fake, clock, result = moved(tmp_path / str(phase), kind, minutes, late, phase, bad=True)

        assert (result.error, "the new version fails in 100.0 %" in result.detail) == ("CheckFailed", True)
        assert not [text for text in texts(fake) if text.startswith("step 2")]
        assert alias(fake) == AliasState(version=fake.tree.version_id("s1"), weights=())
        assert clock.now <= 120 + late + _LOOK


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize(("kind", "steps"), [("canary", 1), ("linear", 4)])
def test_a_healthy_version_passes_and_waits_no_longer_than_for_a_point_of_each_step(
    tmp_path: Path, kind: str, steps: int, minutes: int, late: float
) -> None:
    for phase in PHASES:
        fake, clock, result = moved(tmp_path / str(phase), kind, minutes, late, phase)

        assert result.outcome == "deployed"
        assert alias(fake) == AliasState(version=fake.tree.version_id("s2"), weights=())
        # The first step may use the minute in which it begins, the others the first whole one.
        first = max(minutes * 60.0, 60 - phase + late)
        later = max(minutes * 60.0, 60 + 60 + late)
        assert clock.now <= first + _LOOK + (steps - 1) * (later + _LOOK)
        assert late > 0 or minutes == 1 or clock.now == steps * minutes * 60


@pytest.mark.parametrize("late", LATE)
def test_a_version_of_which_nothing_is_seen_while_the_old_one_is_called_has_not_passed(
    tmp_path: Path, late: float
) -> None:
    fake, clock = shifting(tmp_path, "canary", 10, 1)
    new, old = fake.tree.version_id("s2"), fake.tree.version_id("s1")
    callers = Callers(fake=fake, clock=clock, rate=600, late=late, lost=(new,))

    result = deploy(with_callers(fake, clock, callers))["search"]

    assert result.error == "CheckFailed"
    assert f"invocations of version {old}, but none of version {new}, which should have got 10 %" in result.detail
    assert "check that version and alias are as expected" in result.hint
    assert clock.now == 60 + 240
    assert alias(fake) == AliasState(version=old, weights=())


@pytest.mark.parametrize(("rate", "called"), [(0, 0), (2, 9)])
def test_too_few_calls_to_judge_pass_and_are_said(tmp_path: Path, rate: float, called: int) -> None:
    fake, clock = shifting(tmp_path, "canary", 10, 1)
    new, old = fake.tree.version_id("s2"), fake.tree.version_id("s1")
    callers = Callers(fake=fake, clock=clock, rate=rate, late=0, lost=(new,))

    assert deploy(with_callers(fake, clock, callers))["search"].outcome == "deployed"

    assert clock.now == 60 + 240
    assert texts(fake)[1:] == [
        f"no call of the new {FUNCTION} in CloudWatch yet, waiting up to 240 s longer",
        f"{FUNCTION} in sandbox: too few calls to judge: {called} of version {old}, none of version {new}",
    ]


def test_a_lease_that_is_lost_while_cloudwatch_is_waited_for_ends_the_wait(tmp_path: Path) -> None:
    fake, clock = shifting(tmp_path, "canary", 10, 1)
    callers = Callers(fake=fake, clock=clock, rate=0, late=0)
    fake = with_callers(fake, clock, callers)
    running = fake.world.ledger.records("sandbox")["search"].release

    def sleep(seconds: float) -> None:
        callers.sleep(seconds)
        if clock.now > 100:
            fake.store.time += LEASE_SECONDS + 1
            fake.world.ledger.acquire("sandbox", "search", GRACE, running=running)

    world = attrs.evolve(fake.world, sleep=sleep)
    result = deploy(attrs.evolve(fake, world=world), only=("search",))["search"]

    assert result.error == "PlanStale"
    assert clock.now < 60 + 240
