"""A clock that tests move, people who call a function meanwhile, and a CloudWatch that shows their calls late."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

import attrs

from multi_env_lambda.model.alias import Counts
from multi_env_lambda.testing.world import FakeWorld

FUNCTION = "search-sandbox-main"


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@attrs.define
class Callers:
    """Calls at an even rate, divided as the alias says; each minute is seen ``late`` seconds after its end.

    Args:
        rate: calls in a minute.
        failing: versions that fail every call.
        lost: versions whose calls CloudWatch never shows.
    """

    fake: FakeWorld
    clock: Clock
    rate: float
    late: float
    failing: Collection[str] = ()
    lost: Collection[str] = ()
    calls: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    _due: Counter[str] = attrs.field(factory=Counter)

    def sleep(self, seconds: float) -> None:
        """The calls of each second, or of what is left of one."""
        end = self.clock.now + seconds
        alias = self.fake.platform.alias(self.fake.world.config.environment("sandbox"), FUNCTION, "live")
        assert alias is not None
        shares = [*alias.weights, (alias.version, 1 - sum(share for _, share in alias.weights))]
        while self.clock.now < end:
            passed = min(1.0, end - self.clock.now)
            for version, share in shares:
                self._call(version, passed * self.rate / 60 * share)
            self.clock.now += passed
        self.clock.now = end
        self.clock.slept.append(seconds)

    def counts(self, function: str, version: str, seconds: float) -> Counts:
        """As ``aws.metrics.counts``: the minutes that began in the last ``seconds``."""
        assert function == FUNCTION
        found = sum(
            number
            for (name, minute), number in self.calls.items()
            if name == version
            and version not in self.lost
            and minute * 60 >= self.clock.now - seconds
            and minute * 60 + 60 + self.late <= self.clock.now
        )
        return Counts(invocations=found, errors=found if version in self.failing else 0)

    def _call(self, version: str, share: float) -> None:
        self._due[version] += share  # type: ignore[assignment]
        whole = math.floor(self._due[version])
        self._due[version] -= whole
        self.calls[version, int(self.clock.now // 60)] += whole


def with_callers(fake: FakeWorld, clock: Clock, callers: Callers) -> FakeWorld:
    """The world in which time passes with calls."""
    fake.platform.measured = callers.counts
    return attrs.evolve(fake, world=attrs.evolve(fake.world, seconds=clock.seconds, sleep=callers.sleep))
