"""A server whose folder was deleted exits: it can no longer be found, and has nowhere to store its state."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import IO

__all__ = ["end_without"]

_SECONDS = 1.0


async def end_without(path: Path, held: IO[str]) -> None:
    """Check every second whether ``path`` is still the file that is ``held``; otherwise exit together with all function
    processes.
    """
    while _is_there(path, held):
        await asyncio.sleep(_SECONDS)
    # The starter made this process the leader of its group, which its functions are in.
    os.killpg(os.getpid(), signal.SIGKILL)


def _is_there(path: Path, held: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(held.fileno()))
    except FileNotFoundError:
        return False
