"""Hold the lease of one unit while it changes, and show that the holder is alive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease, Ledger
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.record import Record
from multi_env_lambda.world import World

__all__ = ["Held", "hold"]


class Held:
    """A lease that is renewed in the background; every write goes through its newest ETag."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease
        self._lock = threading.Lock()
        self._lost: MultiEnvLambdaError | None = None
        self._renewed = time.monotonic()
        self.finished = False

    @property
    def record(self) -> Record:
        return self._lease.record

    @property
    def fencing(self) -> int:
        return self._lease.fencing

    def renew(self) -> None:
        """Show that this holder is alive.

        Raises:
            PlanStale: somebody else took over; nothing may be written any more.
        """
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if not self.finished:
                self._lease = self._ledger.renew(self._lease)
                self._renewed = time.monotonic()

    def make_sure(self) -> None:
        """Right before a change that cannot be taken back: is this holder still the holder?

        Nobody takes over before the lease has run out, so a fresh one need not be renewed. A process that was stopped
        and woke up finds its lease old, renews it, and learns that it was taken over.

        Raises:
            PlanStale: somebody else took over.
        """
        if time.monotonic() - self._renewed > LEASE_SECONDS / 3:
            self.renew()

    def renew_quietly(self) -> None:
        """As ``renew``, for the background: a loss is kept and raised where the holder writes next."""
        try:
            self.renew()
        except MultiEnvLambdaError as error:
            self._lost = error

    def save(self, record: Record) -> None:
        """Write the record and go on holding."""
        with self._lock:
            self._lease = self._ledger.save(self._lease, record)

    def finish(self, record: Record) -> Record:
        """Write the record and give the lease back."""
        with self._lock:
            self.finished = True
            return self._ledger.finish(self._lease, record)

    def give_back(self) -> None:
        """End without a deployment: the record stays as it was."""
        with self._lock:
            if not self.finished:
                self.finished = True
                self._ledger.release(self._lease)


@contextmanager
def hold(world: World, environment: str, project: str, *, running: str | None) -> Iterator[Held]:
    """Take the lease, renew it until the end of the block, and give it back.

    Raises:
        Busy: somebody who is alive holds it.
        PlanStale: another release runs by now than ``running``.
    """
    there = world.ledger.holder(environment, project)
    dead = there is not None and world.holder_is_dead(there)
    lease = world.ledger.acquire(environment, project, world.holder(), running=running, dead=dead)
    held = Held(world.ledger, lease)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(held, ended), daemon=True, name=f"lease {project} {environment}")
    beat.start()
    try:
        yield held
    finally:
        ended.set()
        beat.join()
        held.give_back()


def _beat(held: Held, ended: threading.Event) -> None:
    while not ended.wait(LEASE_SECONDS / 3):
        held.renew_quietly()
