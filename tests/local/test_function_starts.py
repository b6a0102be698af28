"""A start that takes too long is stopped and tried again, within the function's own time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from multi_env_lambda.local.emulator.function_starts import tried_again

READY, ENDLESS, BROKEN = "print(1)", "import time; time.sleep(600)", "raise SystemExit"


class Worker:
    """A process for each try, in the part of ministack's that a start has to do with."""

    _proc: Any = None
    overrun: Any = None

    def __init__(self, tries: Sequence[str]) -> None:
        self.tries, self.config = list(tries), {"Timeout": 2}

    def spawn(self) -> None:
        command = [sys.executable, "-c", self.tries.pop(0)]
        self._proc = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with self._proc.stdout as output:
            if not output.readline():
                raise RuntimeError("Worker process exited immediately.")

    def _drain_stderr_bounded(self, **_: float) -> str:
        return "written"


def started(*tries: str, timeout: float = 30, seconds: float = 0.2) -> Worker:
    worker = Worker(tries)
    worker.config["Timeout"] = timeout  # type: ignore[assignment]
    tried_again(Worker.spawn, seconds)(worker)
    return worker


def test_a_start_in_time_is_the_only_one() -> None:
    worker = started(READY, seconds=30)
    assert (worker.overrun, worker.config) == (None, {"Timeout": 30})


def test_a_start_that_takes_too_long_is_tried_again_in_the_time_of_the_call() -> None:
    worker = started(ENDLESS, READY)
    assert worker.overrun == (0.2, "written")
    assert 0 < worker.config["Timeout"] < 30


def test_a_start_without_an_end_is_a_timeout() -> None:
    with pytest.raises(RuntimeError, match="Task timed out after 0.1.00 seconds"):
        started(ENDLESS, ENDLESS, timeout=0.1)


def test_a_start_that_fails_by_itself_is_not_stopped() -> None:
    with pytest.raises(RuntimeError, match="exited immediately"):
        started(BROKEN, seconds=30)
