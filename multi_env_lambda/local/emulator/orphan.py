"""A server whose folder was deleted ends: nobody can find it any more, and it has nowhere to keep anything."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import IO

__all__ = ["end_without"]

_SECONDS = 1.0


async def end_without(path: Path, held: IO[str]) -> None:
    """Look every second whether ``path`` is still the file that is ``held``; else end with all functions' processes."""
    while _is_there(path, held):
        await asyncio.sleep(_SECONDS)
    # The starter made this process the leader of its group, which its functions are in.
    os.killpg(os.getpid(), signal.SIGKILL)


def _is_there(path: Path, held: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(held.fileno()))
    except FileNotFoundError:
        return False
