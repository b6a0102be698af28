"""How a command talks."""

from __future__ import annotations

import io
from typing import Any

import attrs
import pytest
from rich.console import Console
from rich.text import Text

from multi_env_lambda.api.carry_out import must_be_good
from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.cli.output import out
from multi_env_lambda.cli.results import finish
from multi_env_lambda.errors import Refused, SessionEnded, StackError
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.result import Result
from multi_env_lambda.show.history import history_table


@pytest.mark.parametrize("text", ["orders/[red]file[/].py changed", "https://console.example.org/" + "x" * 300])
def test_a_plain_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out(text)

    assert capsys.readouterr().out == f"{text}\n"


def entry(**fields: str) -> Deployment:
    plain = Deployment(
        sequence=1,
        action="deploy",
        outcome="succeeded",
        release="0" * 64,
        version="0.1.0",
        layer=None,
        who="arn:aws:iam::111111111111:user/ada",
        when="2026-01-01T00:00:00Z",
        commit="",
        committed="",
        dirty=False,
        inputs=(),
    )
    return attrs.evolve(plain, **fields)


def history(past: Deployment) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(history_table({"prod": [past]}))
    return screen.getvalue()


def test_a_reason_with_brackets_stays_as_it_was_written() -> None:
    assert "see [/Resources/Data] and [red]" in history(entry(reason="see [/Resources/Data] and [red]"))


def test_the_history_names_who_approved() -> None:
    shown = history(entry(approved="arn:aws:iam::111111111111:user/grace"))

    assert "user/ada, approved by user/grace" in shown


def test_why_one_unit_stays_as_it_is_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    why = "it was already rolled back to 0.1.0; use `--to` for any other release"
    unchanged = Result(project="orders", environment="prod", outcome="unchanged", version="0.1.0", detail=why)
    finish(lambda: must_be_good([unchanged]), False)

    assert capsys.readouterr().err == f"prod orders: {why}\n"


def test_the_lines_of_a_plan_stay_whole_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"Code.S3Key: {'x' * 120} → {'y' * 120}"
    out(Text(line))

    assert capsys.readouterr().out == f"{line}\n"


def test_nothing_to_do_is_not_said_to_be_fine_where_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    why = "it does not run in test"
    unchanged = Result(project="orders", environment="staging", outcome="unchanged", detail=why)
    code = finish(lambda: must_be_good([unchanged]), False)

    shown = capsys.readouterr()
    assert (code, shown.out) == (0, "nothing to do\n")
    assert shown.err == f"no release of orders runs in staging: {why}\n"


def ended(outcome: Any, error: str = "") -> Result:
    return Result(project="orders", environment="prod", outcome=outcome, version="0.1.0", error=error)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ((ended("deployed"), ended("unchanged"), ended("removed"), ended("published"), ended("destroyed")), 0),
        ((ended("deployed"), ended("failed", "StackError")), StackError.exit_code),
        ((ended("failed", "StackError"), ended("failed", "StackError")), StackError.exit_code),
        ((ended("blocked", "Refused"),), Refused.exit_code),
        ((ended("failed", "StackError"), ended("skipped")), StackError.exit_code),
        ((ended("failed", "StackError"), ended("blocked", "Busy")), UnitsFailed.exit_code),
        ((ended("skipped"),), UnitsFailed.exit_code),
        ((ended("under way", "SessionEnded"), ended("not begun", "SessionEnded")), SessionEnded.exit_code),
        ((ended("failed", "StackError"), ended("not begun", "SessionEnded")), SessionEnded.exit_code),
        ((ended("failed", "SomethingNew"),), UnitsFailed.exit_code),
    ],
)
def test_the_exit_code_is_that_of_the_one_kind_of_failure_or_says_that_some_failed(
    results: tuple[Result, ...], code: int
) -> None:
    assert finish(lambda: must_be_good(results), True) == code


def test_what_did_not_reach_its_goal_is_told_with_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    skipped = attrs.evolve(ended("skipped"), detail="customers did not succeed")
    blocked = attrs.evolve(ended("blocked", "Refused"), detail="nobody has approved", hint="have it approved")
    finish(lambda: must_be_good((skipped, blocked)), False)

    assert capsys.readouterr().err.splitlines() == [
        "prod orders skipped: customers did not succeed",
        "prod orders blocked[Refused]: nobody has approved",
        "hint: have it approved",
    ]


def test_a_session_that_ended_is_one_error_however_many_units_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    failed = attrs.evolve(ended("failed", "StackError"), detail="stack: no", hint="fix it")
    over = {"error": "SessionEnded", "detail": "credentials: the session has ended", "hint": "sign in"}
    under_way = attrs.evolve(ended("under way"), project="a", **over)
    others = [attrs.evolve(ended("not begun"), project=name, **over) for name in "bcd"]
    results = (ended("deployed"), failed, under_way, *others)
    counts = "1 done, 1 under way (a in prod), 3 not begun; what CloudFormation has begun goes on in AWS"
    finish(lambda: must_be_good(results), False)

    assert capsys.readouterr().err.splitlines() == [
        "prod orders failed[StackError]: stack: no",
        "hint: fix it",
        "error[SessionEnded]: credentials: the session has ended",
        counts,
        "hint: sign in",
    ]
    with pytest.raises(UnitsFailed) as caught:
        must_be_good([ended("deployed"), under_way, *others])
    assert str(caught.value) == f"credentials: the session has ended\n{counts}\nhint: sign in"


def test_what_is_the_same_of_many_units_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    closed = [
        attrs.evolve(ended("blocked", "Refused"), project=name, detail="prod: closed", hint="ask") for name in "abc"
    ]
    other = attrs.evolve(closed[0], project="d", detail="d: another")
    finish(lambda: must_be_good([*closed, other]), False)

    assert capsys.readouterr().err.splitlines() == [
        "prod a, b, c blocked[Refused]: prod: closed",
        "hint: ask",
        "prod d blocked[Refused]: d: another",
        "hint: ask",
    ]
