"""An account that throttles costs time, and never a unit."""

from __future__ import annotations

import pytest

from benchmarks.throttling import update_all

pytestmark = pytest.mark.long


def test_64_workers_lose_nothing_in_an_account_that_throttles() -> None:
    done = update_all(100, 64)

    assert sum(done.account.throttled.values()) > 0
    assert done.lost == ()
    assert all(ran for _, _, ran in done.account.sets.values()) and len(done.account.sets) == 100
