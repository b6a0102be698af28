"""Who this process is, so that another one can tell whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path

from multi_env_lambda.model.record import Holder

__all__ = ["is_dead", "now", "this_process"]


def now() -> str:
    """The time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def this_process(who: str) -> Holder:
    """This process as the holder of a lease; the nonce makes each lease its own."""
    pid = os.getpid()
    return Holder(
        nonce=secrets.token_hex(8),
        who=who,
        host=_host(),
        process=f"{pid} {_started(pid)}",
        since=now(),
        fencing=0,
    )


def is_dead(holder: Holder) -> bool:
    """Whether a holder ran on this machine and its process is gone. False where that cannot be known."""
    if holder.host != _host():
        return False
    pid, _, started = holder.process.partition(" ")
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The number may have been given to another process since.
    return started != _started(int(pid))


def _host() -> str:
    """The machine, and its boot: numbers of processes start anew with it."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    suffix = boot.read_text().strip()[:8] if boot.exists() else ""
    return f"{socket.gethostname()} {suffix}".strip()


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is the command in parentheses and may contain spaces; the start time is the 22nd.
    return stat.rpartition(")")[2].split()[19]
