"""A process that ends in the middle: once its switch has gone off, nothing of it reaches the store or an account.

No ``finally`` of a dead process frees a lease, which is why an exception that is only raised is no kill.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import attrs

from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeWorld, fake_world

__all__ = ["Mortal", "Switch", "mortal"]


@attrs.define
class Switch:
    """Goes off after the ``nth`` write of the process, counted over all its threads; 0 means never.

    A write that is under way in another thread at that moment may still arrive, as a request that was sent does.
    """

    nth: int = 0
    writes: int = 0
    dead: bool = False
    _lock: threading.RLock = attrs.field(factory=threading.RLock)

    def run(self, call: Callable[[], Any], *, writes: bool) -> Any:
        """One call of the process. Others go on meanwhile: a change of a stack waits for what is published."""
        with self._lock:
            if self.dead:
                raise Killed
        answer = call()
        with self._lock:
            self.writes += writes
            if writes and self.nth and self.writes >= self.nth:
                self.die()
            return answer

    def die(self) -> NoReturn:
        """The process ends here."""
        self.dead = True
        raise Killed


@attrs.frozen
class Mortal:
    """Stands before a store or a platform; ``writes`` names the methods that change something there."""

    behind: Any
    switch: Switch
    writes: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.behind, name)
        if not callable(found):
            return found
        return lambda *words, **more: self.switch.run(lambda: found(*words, **more), writes=name in self.writes)


def mortal(fake: FakeWorld, folder: Path, switch: Switch, **more: Any) -> FakeWorld:
    """Another process on the same accounts, on a machine with a cache of its own, that dies with the switch."""
    store: Any = Mortal(fake.store, switch, ("put_new", "copy_new", "replace", "delete"))
    changing = ("deploy", "delete", "point_alias", "send_code", "delete_function_version", "delete_layer_version")
    platform: Any = Mortal(fake.platform, switch, changing)
    return fake_world(fake.tree, folder, config=fake.world.config, store=store, platform=platform, **more)
