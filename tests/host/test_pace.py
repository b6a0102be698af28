"""How fast units begin, by a clock that is a number."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.host.pace import CREATION, UPDATE, Pace, Paces


@attrs.define
class Clock:
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def begun(pace: Pace, clock: Clock, count: int, cost: float = UPDATE) -> list[float]:
    times = []
    for _ in range(count):
        pace.begin(cost)
        times.append(clock.now)
    return times


def paced() -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(clock=lambda: clock.now, sleep=clock.sleep), clock


def test_the_first_sixteen_begin_at_once_and_then_one_a_second() -> None:
    pace, clock = paced()
    assert begun(pace, clock, 18) == [0.0] * 16 + [1.0, 2.0]


def test_after_a_rest_some_begin_at_once_again() -> None:
    pace, clock = paced()
    begun(pace, clock, 20)
    clock.now += 100
    assert begun(pace, clock, 17) == [clock.now - 1] * 16 + [clock.now]


def test_a_unit_that_is_created_takes_the_time_of_one_and_a_half() -> None:
    pace, clock = paced()
    times = begun(pace, clock, 20, CREATION)
    assert times[-1] - times[-2] == 1.5


def test_it_grows_to_what_lambda_answers_and_no_further() -> None:
    pace, _ = paced()
    for _ in range(1000):
        pace.ended(throttled=False)
    assert pace.rate == 2.4


@given(ends=st.lists(st.booleans(), max_size=200))
def test_what_is_throttled_slows_it_down_and_never_stops_it(ends: list[bool]) -> None:
    pace, _ = paced()
    for throttled in ends:
        before = pace.rate
        pace.ended(throttled=throttled)
        assert 0.1 <= pace.rate <= 2.4
        assert pace.rate <= before if throttled else pace.rate >= before


@given(
    steps=st.lists(st.tuples(st.sampled_from((UPDATE, CREATION)), st.integers(0, 5)), max_size=60),
    window=st.integers(1, 20),
)
def test_in_no_stretch_of_time_more_begin_than_lambda_can_serve(steps: list[tuple[float, int]], window: int) -> None:
    pace, clock = paced()
    times: list[tuple[float, float]] = []
    for cost, rest in steps:
        clock.now += rest
        pace.begin(cost)
        times.append((clock.now, cost))
        pace.ended(throttled=False)
    for first, _ in times:
        cost = sum(one for when, one in times if first <= when < first + window)
        assert cost <= 16 + CREATION + 2.4 * window


def test_each_account_and_region_has_its_own() -> None:
    paces = Paces()
    assert paces.of("1" * 12, "us-east-1") is paces.of("1" * 12, "us-east-1")
    assert paces.of("1" * 12, "us-east-1") is not paces.of("1" * 12, "eu-west-1")
    assert paces.of("1" * 12, "us-east-1") is not paces.of("2" * 12, "us-east-1")
