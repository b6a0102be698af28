"""Which schedule expressions AWS takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.schedule import problem_with_schedule


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 day)",
        "cron(0 8 * * ? *)",
        "cron(0/15 * ? * MON-FRI *)",
        "cron(0 0 1,15 JAN-MAR ? 2026-2030)",
        "cron(0 0 L * ? *)",
        "cron(0 0 15W * ? *)",
        "cron(0 0 ? * 2#1 *)",
        "cron(0 0 ? * FRI#1 *)",
        "cron(0 0 ? * 6L *)",
        "cron(0 0 ? * fri-mon *)",
    ],
)
def test_a_good_expression_has_no_problem(text: str) -> None:
    assert problem_with_schedule(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected an expression such as `rate(5 minutes)`"),
        ("every 5 minutes", "expected an expression such as `rate(5 minutes)`"),
        ("rate(5 seconds)", "expected an expression such as `rate(5 minutes)`"),
        ("rate(1 minutes)", "expected `rate(1 minute)`"),
        ("rate(5 minute)", "expected `rate(5 minutes)`"),
        ("rate(0 minutes)", "expected a rate of 1 or more"),
        ("cron(0 8 * * *)", "expected 6 fields"),
        ("cron(0 8 * * * *)", "exactly one of"),
        ("cron(0 8 ? * ? *)", "exactly one of"),
        ("cron(60 8 * * ? *)", "`60` is not valid for minutes"),
        ("cron(0 24 * * ? *)", "`24` is not valid for hours"),
        ("cron(0 8 0 * ? *)", "`0` is not valid for day of month"),
        ("cron(0 8 32 * ? *)", "`32` is not valid for day of month"),
        ("cron(0 8 * 0 ? *)", "`0` is not valid for month"),
        ("cron(0 8 ? * 0 *)", "`0` is not valid for day of week"),
        ("cron(0 8 * * ? 2200)", "`2200` is not valid for year"),
        ("cron(0/60 8 * * ? *)", "`0/60` is not valid for minutes"),
        ("cron(0 8 * 13 ? *)", "`13` is not valid for month"),
        ("cron(0 8 ? * 8 *)", "`8` is not valid for day of week"),
        ("cron(0 8 ? * MOO *)", "`MOO` is not valid for day of week"),
        ("cron(0 8 * * ? 1969)", "`1969` is not valid for year"),
        ("cron(5-1 8 * * ? *)", "`5-1` is not valid for minutes"),
        ("cron(0/0 8 * * ? *)", "`0/0` is not valid for minutes"),
        ("cron(0, 8 * * ? *)", "`0,` is not valid for minutes"),
        ("cron(٣ 8 * * ? *)", "`٣` is not valid for minutes"),
    ],
)
def test_a_bad_expression_says_what_is_wrong(text: str, problem: str) -> None:
    assert problem in str(problem_with_schedule(text))


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 31))
def test_every_time_of_a_month_can_be_said(minute: int, hour: int, day: int) -> None:
    assert problem_with_schedule(f"cron({minute} {hour} {day} * ? *)") is None


@given(st.text().filter(lambda text: not text.startswith(("rate(", "cron("))))
def test_any_other_text_gets_an_answer(text: str) -> None:
    assert problem_with_schedule(text) is not None


@given(st.sampled_from(("rate(", "cron(")), st.text())
def test_nothing_that_begins_well_ends_in_an_error_of_python(begin: str, rest: str) -> None:
    assert problem_with_schedule(begin + rest) != ""
