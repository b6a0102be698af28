"""One response of a function, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multi_env_lambda.aws.account import Invocation

__all__ = ["invocation_text"]

_LONGEST = 10_000


def invocation_text(called: Invocation) -> str:
    """What it returned or why it failed, the version that ran, and the end of its log."""
    payload = called.payload.decode(errors="replace")
    shown = payload if len(payload) <= _LONGEST else f"{payload[:_LONGEST]}… ({len(called.payload)} bytes)"
    head = f"version {called.version} {'returned' if called.error is None else f'failed ({called.reason})'}: {shown}"
    return "\n".join((head, *called.log_tail.splitlines()))
