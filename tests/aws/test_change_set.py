"""How often a change set is asked for: about when it is likely to be there, not all the time."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.aws.change_set import ChangeSet, ChangeSets, Target
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.testing.lease import FakeHeld


@attrs.define
class Slow:
    """CloudFormation, which needs ``seconds`` for each change set, and the time that passes."""

    seconds: float
    now: float = 0.0
    asked: int = 0
    began: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def describe_change_set(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        ready = self.now - self.began >= self.seconds
        status = {"Status": "CREATE_COMPLETE" if ready else "CREATE_IN_PROGRESS"}
        return {**status, "ExecutionStatus": "AVAILABLE" if ready else "UNAVAILABLE", "Changes": [], "StatusReason": ""}

    def looks(self, sets: ChangeSets) -> tuple[int, float]:
        """How often one was asked for, and how long it took until it was seen."""
        self.asked, self.began = 0, self.now
        deadline = self.now + 600
        target = Target(
            stack_name="orders-test",
            template="{}",
            token="t",
            tags={},
            where="here",
            deadline=deadline,
            held=FakeHeld(),
        )
        sets.settled(ChangeSet(change_set_id="c", stack_id="s"), target)
        return self.asked, self.now - self.began


def of(cloud: Slow) -> ChangeSets:
    return ChangeSets(cloud, clock=lambda: cloud.now, retrying=Retrying(sleep=cloud.sleep))


def test_what_takes_seconds_is_asked_for_shortly_before_it_is_likely_there() -> None:
    cloud = Slow(5.0)
    sets = of(cloud)
    first = cloud.looks(sets)
    later = [cloud.looks(sets) for _ in range(5)]

    assert first[0] >= 7
    assert all(asked <= 3 and took <= 5.0 + 2.0 for asked, took in later)


def test_what_is_there_at_once_is_seen_at_once_even_after_a_slow_one() -> None:
    cloud = Slow(8.0)
    sets = of(cloud)
    cloud.looks(sets)
    cloud.seconds = 0.05
    took = [cloud.looks(sets)[1] for _ in range(16)]

    assert took == sorted(took, reverse=True)
    assert took[-1] < 0.11
