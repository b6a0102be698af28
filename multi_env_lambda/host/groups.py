"""Process groups of other people's code, which end with this process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from types import FrameType

__all__ = ["ended_with_this_process", "group_of"]

_SECONDS_TO_END = 1.0
_ENDINGS = ("SIGHUP", "SIGINT", "SIGTERM")

_running: set[int] = set()


@contextmanager
def group_of(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """While it is waited for; ``process`` leads its group, and afterwards nothing of the group runs."""
    _running.add(process.pid)
    try:
        yield
    finally:
        _end(process)
        _running.discard(process.pid)


@contextmanager
def ended_with_this_process() -> Iterator[None]:
    """A signal that ends this process ends the groups first: they are in sessions of their own and would go on.

    A signal that the caller ignores (``nohup``) stays ignored. Against SIGKILL and every other signal helps what waits
    beside the sandbox (``end_with`` in ``sandbox.py``), on Linux.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for name in _ENDINGS if (number := getattr(signal, name, None))}
    ours = [number for number, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in ours:
        signal.signal(number, _end_all)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _end_all(number: int, frame: FrameType | None) -> None:
    for group in tuple(_running):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end(process: subprocess.Popen[bytes]) -> None:
    """No process can leave the group (``sandbox.py``), so this kills all of them; each gets a moment to end."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        patience = time.monotonic() + _SECONDS_TO_END
        while _lives(process.pid) and time.monotonic() < patience:
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.001)
    process.wait()


def _lives(group: int) -> bool:
    """Whether a process of the group has not ended yet, reaped or not; False if there is no ``/proc``."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of a program may have any character: its state, its parent and its group follow.
            state, _, number = path.read_bytes().rpartition(b")")[2].split()[:3]
            if int(number) == group and state not in (b"Z", b"X"):
                return True
    return False
