"""A run whose session ended says once how far it came."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.stopped import stopped, stopped_at

ENDED = SessionEnded("credentials", "the session has ended", hint="sign in")


def result(project: str, outcome: Any, error: str = "") -> Result:
    told = {"detail": "credentials: the session has ended", "hint": "sign in"} if error == "SessionEnded" else {}
    return Result(project=project, environment="prod", outcome=outcome, error=error, **told)


def test_what_is_done_under_way_and_not_begun_is_counted_in_one_sentence() -> None:
    results = (
        result("a", "deployed"),
        result("b", "unchanged"),
        result("c", "failed", "StackError"),
        Result.of_error("d", "prod", ENDED),
        result("e", "not begun", "SessionEnded"),
        result("f", "not begun", "SessionEnded"),
    )

    found = stopped(results)

    assert found is not None and found.hint == "sign in" and [one.project for one in found.results] == ["d", "e", "f"]
    assert found.what.splitlines() == [
        "credentials: the session has ended",
        "1 done, 1 under way (d in prod), 2 not begun; what CloudFormation has begun goes on in AWS",
    ]


def test_a_run_that_came_to_its_end_is_not_stopped() -> None:
    assert stopped((result("a", "deployed"), result("c", "failed", "AccountError"))) is None


def test_of_many_under_way_ten_are_named() -> None:
    said = stopped_at("over", 0, [f"u{number}" for number in range(64)], 0)

    assert "64 under way (u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, and 54 more), 0 not begun" in said


def test_what_is_under_way_is_not_failed_and_not_good_either() -> None:
    found = Result.of_error("d", "prod", ENDED)

    assert (found.outcome, found.error, found.good) == ("under way", "SessionEnded", False)
