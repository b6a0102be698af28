"""Who this process is, so that another one can tell whether it is still alive."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path

from multi_env_lambda.model.record import Holder

__all__ = ["is_dead", "now", "this_process"]

PROC = Path("/proc")


def now() -> str:
    """The time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def this_process(who: str, *, proc: Path = PROC) -> Holder:
    """This process as the holder of a lease; the nonce makes each lease unique. ``proc`` exists for tests."""
    pid = os.getpid()
    return Holder(
        nonce=secrets.token_hex(8),
        who=who,
        host=_host(proc),
        process=f"{pid} {_started(proc, pid)}",
        since=now(),
        fencing=0,
    )


def is_dead(holder: Holder, *, proc: Path = PROC) -> bool:
    """Whether a holder ran among the processes that this one can see, and has ended. False if that cannot be known.

    If it is False although the holder has ended, only the lease's expiry shows that.
    """
    # Without a namespace in the name, the process id might belong to any machine or container.
    if holder.host != _host(proc) or not _namespace(proc):
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
    # The id may have been reused by another process since.
    return started != _started(proc, int(pid))


def _host(proc: Path) -> str:
    """The machine's name for people, and the namespace in which its process ids are valid."""
    return f"{socket.gethostname()} {_namespace(proc)}".strip()


def _namespace(proc: Path) -> str:
    """The boot of a kernel, and the PID namespace in it; empty if the system does not report both (not Linux).

    Two containers on one machine may have the same name and boot, but different process ids.
    Sources: ``proc_sys_kernel(5)`` for ``boot_id``, ``pid_namespaces(7)`` and ``namespaces(7)`` for the number.
    """
    try:
        # If ``/proc`` shows another namespace than ours, it says nothing about our ids.
        if os.readlink(proc / "self") != str(os.getpid()):
            return ""
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        number = os.readlink(proc / "self/ns/pid").removeprefix("pid:[").removesuffix("]")
    except OSError:
        return ""
    return f"{boot[:8]} {number}" if boot and number.isdigit() else ""


def _started(proc: Path, pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if the system does not report it."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except OSError:
        return ""
    # The second field is the command in parentheses and may contain spaces; the start time is the 22nd.
    return stat.rpartition(")")[2].split()[19]
