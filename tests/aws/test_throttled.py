"""An account that throttles costs time, and never a unit."""

from __future__ import annotations

import pytest

from benchmarks.throttling import WORLDS, update_all

pytestmark = pytest.mark.long


@pytest.mark.parametrize("world", WORLDS)
def test_64_workers_lose_nothing_in_an_account_that_throttles(world: str) -> None:
    done = update_all(60, 64, world)

    assert done.lost == ()
    ran = {known for known, (_, _, executed) in done.account.sets.items() if executed}
    assert len(ran - done.account.failed) == 60


def test_what_lambda_throttles_begins_again_until_it_is_done() -> None:
    done = update_all(60, 64, "high", at_once=60)

    assert done.account.rolled_back > 0 and done.begun > 60
    assert done.lost == ()
