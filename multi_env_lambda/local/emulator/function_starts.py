"""An initialisation that takes more than 10 seconds is stopped and repeated within the function's timeout.

Reason: ministack waits for an initialisation indefinitely.
Sources:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html ("Init phase": 10 seconds, 130 or the
    function's timeout with SnapStart; "Failures during the Init phase": tried again at the first call)
    The second try has the function's time: https://github.com/astuyve/lambda-new-timeout-crash
    What the log says of it: https://github.com/awsdocs/aws-lambda-developer-guide (csharp-image)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch", "tried_again"]

INIT_SECONDS, SNAPSHOT_SECONDS = 10.0, 130.0
_SECONDS = 0.005
"""How long is waited for what a start that was stopped has written."""


def patch() -> None:
    """Must be called after everything that starts processes, and before what writes their logs."""
    runtime = load("ministack.core.lambda_runtime")
    runtime.Worker._spawn = tried_again(original(runtime.Worker, "_spawn"))
    runtime.Worker.invoke = _keeping_settings(original(runtime.Worker, "invoke"))


def tried_again(spawn: Callable[[Any], None], init_seconds: float = INIT_SECONDS) -> Callable[[Any], None]:
    """Of a worker: ``overrun`` is then None or (seconds, output) of the stopped initialisation, and ``config`` says how
    much of the timeout the second one has left for the call.

    Raises:
        RuntimeError: the second one was stopped, too.
    """

    def start(worker: Any) -> None:
        worker.overrun, timeout = None, worker.config.get("Timeout", 3)
        has_snapshot = (worker.config.get("SnapStart") or {}).get("OptimizationStatus") == "On"
        first = max(SNAPSHOT_SECONDS, timeout) if has_snapshot else init_seconds
        if _is_ready_in(first, spawn, worker):
            return
        worker.overrun = (first, worker._drain_stderr_bounded(first_line_wait=_SECONDS))
        started = time.monotonic()
        if not _is_ready_in(timeout, spawn, worker):
            raise RuntimeError(f"Task timed out after {timeout}.00 seconds")
        left = timeout - (time.monotonic() - started)
        worker.config = {**worker.config, "Timeout": max(left, 0.01)}

    return start


def _is_ready_in(seconds: float, spawn: Callable[[Any], None], worker: Any) -> bool:
    """Whether it was not stopped; its own exceptions are raised."""
    is_over, is_stopped = threading.Event(), threading.Event()

    def stop() -> None:
        over = is_over.wait(seconds)
        while not over and worker._proc is None:  # its code is still unpacked
            over = is_over.wait(0.05)
        if not over:
            is_stopped.set()
            worker._proc.kill()

    worker._proc = None  # that of the last start has ended
    threading.Thread(target=stop, daemon=True).start()
    try:
        spawn(worker)
    except Exception:
        if not is_stopped.is_set():
            raise
        worker._proc.wait()
    finally:
        is_over.set()
    return not is_stopped.is_set()


def _keeping_settings(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """The time that a second initialisation took counts only for that call."""

    def invoked(worker: Any, *args: Any, **named: Any) -> Any:
        config = worker.config
        try:
            return invoke(worker, *args, **named)
        finally:
            worker.config = config

    return invoked
