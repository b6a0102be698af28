"""Shared dictionaries can be read while other threads change them.

Reason: ministack iterates over dicts while the threads of functions and stacks add to them: 2 of 800 invocations
answered "dictionary changed size during iteration", and sometimes a service's state was not saved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["Stable", "patch", "repeated"]

_ATTEMPTS = 20


class Stable(dict[Any, Any]):
    """A dict that is iterated over as it was at one moment: copying it is atomic for other threads."""

    def items(self) -> Any:
        return list(super().items())

    def values(self) -> Any:
        return list(super().values())


def patch() -> None:
    """Must be called first: the stores of services are created when their modules are loaded."""
    responses = load("ministack.core.responses")
    for name in ("AccountScopedDict", "AccountRegionScopedDict"):
        store = original(responses, name)
        store.__init__ = _empty
        store.from_dict = classmethod(_filled)
    _patch_sessions(load("ministack.services.sts"))


def _empty(store: Any) -> None:
    store._data = Stable()


def _filled(kind: Any, data: dict[Any, Any]) -> Any:
    store = kind()
    store._data.update(data)
    return store


def _patch_sessions(sts: Any) -> None:
    """Each invocation registers the session of its function's role, and first removes expired ones."""
    sessions, is_expired = original(sts, "_sessions"), original(sts, "_session_expired")
    original(sts, "_evict_expired_sessions")

    def evict() -> None:
        for key, session in list(sessions.items()):
            if is_expired(session):
                sessions.pop(key, None)

    sts._evict_expired_sessions = evict


def repeated(read: Callable[[], Any]) -> Any:
    """Read again if the size changed during the iteration."""
    for _ in range(_ATTEMPTS):
        try:
            return read()
        except RuntimeError:
            time.sleep(0.001)
    return read()
