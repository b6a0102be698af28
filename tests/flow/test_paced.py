"""On AWS, units begin at a pace, and what was throttled inside of a stack begins again, more slowly."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import StackError
from multi_env_lambda.host.pace import Pace, Paces
from multi_env_lambda.model.result import Result
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.flow.worlds import deploy

SAID = (
    'Main: Resource handler returned message: "Rate exceeded (Service: Lambda, Status Code: 429, Request ID: 1)" '
    "(RequestToken: 2, HandlerErrorCode: Throttling)"
)


class Throttled(MemoryPlatform):
    """Its next stacks are rolled back, for a reason."""

    rolled_back = 0
    reason = SAID
    put_back = True

    def deploy(self, *asked: Any) -> str:
        if self.rolled_back:
            self.rolled_back -= 1
            error = StackError("stack orders-sandbox", self.reason, hint="run it again")
            error.put_back = self.put_back
            raise error
        return super().deploy(*asked)


def throttled(tmp_path: Path, slept: list[float]) -> tuple[FakeWorld, Throttled, Pace]:
    store = MemoryStore()
    platform = Throttled(lambda key: base64.b64encode(hashlib.sha256(store.objects[key].body).digest()).decode())
    pace = Pace(clock=lambda: 0.0, sleep=slept.append)
    fake = fake_world(FakeTree(content={"orders": "o1"}), tmp_path, platform=platform, store=store)
    world = attrs.evolve(fake.world, paces=Paces(lambda: pace))
    return attrs.evolve(fake, world=world), platform, pace


def deployed(fake: FakeWorld) -> Result:
    return deploy(fake)["orders"]


def test_a_unit_whose_stack_was_throttled_and_put_back_begins_again_more_slowly(tmp_path: Path) -> None:
    fake, platform, pace = throttled(tmp_path, [])
    deployed(fake)
    before = pace.rate
    fake.tree.content["orders"] = "o2"
    platform.rolled_back = 2

    assert deployed(fake).outcome == "deployed"
    assert pace.rate < before
    assert [event.phase for event in fake.events].count("warning") == 2
    record = fake.world.ledger.records("sandbox")["orders"]
    assert record.running is not None and record.running.outcome == "succeeded"


@pytest.mark.parametrize(
    ("said", "put_back", "tries"), [(SAID, False, 1), ("Main: no such role", True, 1), (SAID, True, 5)]
)
def test_what_was_not_put_back_or_failed_otherwise_or_again_and_again_is_told(
    tmp_path: Path, said: str, put_back: bool, tries: int
) -> None:
    fake, platform, _ = throttled(tmp_path, [])
    deployed(fake)
    fake.tree.content["orders"] = "o2"
    platform.rolled_back, platform.reason, platform.put_back = 9, said, put_back

    result = deployed(fake)
    assert (result.outcome, result.error) == ("failed", "StackError")
    assert 9 - platform.rolled_back == tries


def test_many_units_wait_for_their_turns(tmp_path: Path) -> None:
    slept: list[float] = []
    pace = Pace(clock=lambda: 0.0, sleep=slept.append)
    fake = fake_world(FakeTree(content={f"u{number}": "x" for number in range(20)}), tmp_path)
    deploy(attrs.evolve(fake, world=attrs.evolve(fake.world, paces=Paces(lambda: pace))))
    assert len(slept) == 10 and max(slept) > 10
