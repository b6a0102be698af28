from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.duration import seconds_in, seconds_to_wait

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@given(st.integers(min_value=0, max_value=999_999_999), st.sampled_from(sorted(UNITS)))
def test_a_number_with_a_unit_is_so_many_seconds(number: int, unit: str) -> None:
    assert seconds_in(f" {number}{unit} ") == seconds_in(f"{number} {unit}") == number * UNITS[unit]


@given(st.floats(min_value=0, allow_infinity=False))
def test_a_number_alone_is_seconds_to_wait(seconds: float) -> None:
    assert seconds_to_wait(seconds) == seconds_to_wait(str(seconds)) == seconds


@pytest.mark.parametrize(
    "wait",
    [
        -1,
        -0.5,
        float("nan"),
        float("inf"),
        10**400,
        "-1",
        "nan",
        "inf",
        "",
        "soon",
        "5 minutes",
        "-5m",
        "٣m",
        "1e999",
        None,
    ],
)
def test_what_is_no_time_to_wait_is_refused(wait: float | str) -> None:
    with pytest.raises(ConfigurationError, match="expected seconds, or a duration such as `90s` or `5m`"):
        seconds_to_wait(wait)
