"""What is asked again, how often, and that it can be seen."""

from __future__ import annotations

import logging

import pytest

from multi_env_lambda.host.retrying import PATIENCE, TRIES, Retrying


class Failing:
    """Raises the given errors, one a call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.left = list(errors)

    def __call__(self) -> str:
        if self.left:
            raise self.left.pop(0)
        return "answer"


def passes(error: Exception) -> bool:
    return str(error) == "busy"


def run(send: Failing, retrying: Retrying) -> str:
    return retrying.run(send, what="DeleteStack", errors=(OSError,), passes=passes)


def test_what_may_pass_is_asked_again_after_pauses_that_double() -> None:
    waited: list[float] = []

    assert run(Failing(*[OSError("busy")] * (TRIES - 1)), Retrying(sleep=waited.append)) == "answer"
    assert len(waited) == TRIES - 1
    assert all(0.05 * 2**n <= pause <= 0.1 * 2**n for n, pause in enumerate(waited))


def test_the_last_error_is_raised() -> None:
    send = Failing(*[OSError("busy")] * TRIES)

    with pytest.raises(OSError, match="busy"):
        run(send, Retrying(sleep=lambda _: None))
    assert send.left == []


@pytest.mark.parametrize("error", [OSError("refused"), ValueError("busy")])
def test_what_does_not_pass_is_raised_at_once(error: Exception) -> None:
    send = Failing(error, OSError("busy"))

    with pytest.raises(type(error)):
        run(send, Retrying(sleep=lambda _: None))
    assert len(send.left) == 1


def test_each_is_a_debug_line_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="multi_env_lambda")
    retrying = Retrying(sleep=lambda _: None)
    before = retrying.retries.count()
    run(Failing(OSError("busy"), OSError("busy")), retrying)

    assert [record.getMessage() for record in caplog.records] == ["DeleteStack: retrying after busy"] * 2
    assert retrying.retries.since(before) == "2 calls were retried (OSError 2)"


def test_what_was_throttled_is_tried_for_minutes_with_pauses_that_grow_to_seconds() -> None:
    now = [0.0]
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    retrying = Retrying(sleep=sleep, clock=lambda: now[0])
    send = Failing(*[OSError("busy")] * 1000)
    with pytest.raises(OSError, match="busy"):
        retrying.run(send, what="DescribeStacks", errors=(OSError,), passes=passes, throttled=passes)

    assert PATIENCE <= now[0] <= PATIENCE + 20
    assert max(waited) <= 20 and all(pause >= 10 for pause in waited[8:])


def test_an_error_of_another_kind_has_its_own_few_tries_after_minutes_of_throttling() -> None:
    now = [0.0]
    throttled = [OSError("busy")] * 8
    retrying = Retrying(sleep=lambda seconds: now.__setitem__(0, now[0] + seconds), clock=lambda: now[0])
    send = Failing(*throttled, *[OSError("lost")] * TRIES)

    with pytest.raises(OSError, match="lost"):
        retrying.run(send, what="x", errors=(OSError,), passes=lambda _: True, throttled=passes)
    assert send.left == []
