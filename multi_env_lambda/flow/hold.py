"""Hold the lease of one unit while it changes, and show that the holder is alive."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import attrs

from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease, Ledger
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale
from multi_env_lambda.model.record import Record
from multi_env_lambda.world import World

__all__ = ["Held", "hold"]


class Held:
    """A lease that is renewed in the background; every write goes through its newest ETag."""

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        *,
        running_time: Callable[[], float] = time.monotonic,
        wall_time: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._lease = lease
        self._lock = threading.Lock()
        self._lost: PlanStale | None = None
        self._unsure = False
        self._begun = self._changed = False
        # A clock that cannot be set stands still while a laptop sleeps, and one that can be set may be set back.
        self._clocks = (running_time, wall_time)
        self._renewed = self._read_clocks()
        self.finished = False

    @property
    def record(self) -> Record:
        return self._lease.record

    @property
    def fencing(self) -> int:
        return self._lease.fencing

    @property
    def unsure(self) -> str | None:
        """The release that may be there instead of the recorded one, if the work ended now."""
        return self._lease.record.unsure if self._begun else self._lease.unsure

    def begin(self) -> None:
        """Right before a change that cannot be taken back; from here on, what is there is not known.

        Raises:
            PlanStale: somebody else took over.
        """
        self.make_sure()
        self._begun = True

    def changed(self) -> None:
        """A change was made to its end; others may follow."""
        self._changed = self._changed or self._begun

    def undone(self) -> None:
        """CloudFormation took the last change back; what was there before the first one is there again."""
        self._begun = self._changed

    def settled(self) -> None:
        """What the record calls running is there."""
        self._begun = self._changed = False
        with self._lock:
            self._lease = attrs.evolve(self._lease, unsure=None)

    def renew(self) -> None:
        """Show that this holder is alive.

        Raises:
            PlanStale: somebody else took over; nothing may be written any more.
        """
        with self._lock:
            if self._lost is not None:
                raise self._lost
            if not self.finished:
                self._renew()

    def make_sure(self) -> None:
        """Right before a change that cannot be taken back: is this holder still the holder?

        Nobody takes over before the lease has run out, so a fresh one need not be renewed. A process that was stopped
        and woke up finds its lease old, renews it, and learns that it was taken over.

        Raises:
            PlanStale: somebody else took over.
        """
        elapsed = [now - before for now, before in zip(self._read_clocks(), self._renewed, strict=True)]
        if self._lost is not None or max(elapsed) > LEASE_SECONDS / 3 or min(elapsed) < 0:
            self.renew()

    def renew_quietly(self) -> None:
        """As ``renew``, for the background: a loss is kept and raised where the holder writes next.

        A bucket that does not answer is no loss; the next sign of life may arrive in time.
        """
        with suppress(MultiEnvLambdaError):
            self.renew()

    def _renew(self) -> None:
        started = self._read_clocks()
        try:
            self._lease = self._ledger.renew(self._lease)
        except PlanStale as error:
            self._lost = error
            raise
        except MultiEnvLambdaError:
            self._unsure = True
            raise
        self._renewed, self._unsure = started, False

    def _settle(self) -> None:
        """A sign of life without an answer may have been written; the same one again tells, and gives the ETag."""
        if self._unsure:
            self._renew()

    def _read_clocks(self) -> tuple[float, float]:
        running_time, wall_time = self._clocks
        return running_time(), wall_time()

    def save(self, record: Record) -> None:
        """Write the record and go on holding."""
        with self._lock:
            self._settle()
            self._lease = self._ledger.save(self._lease, record)

    def finish(self, record: Record) -> Record:
        """Write the record and give the lease back."""
        with self._lock:
            self._settle()
            self.finished = True
            return self._ledger.finish(self._lease, record)

    def give_back(self) -> None:
        """End without a deployment: the record stays as it was."""
        with self._lock:
            if not self.finished:
                self.finished = True
                self._ledger.release(self._lease, unsure=self.unsure)


@contextmanager
def hold(
    world: World, environment: str, project: str, *, running: str | None, toward: str | None = None
) -> Iterator[Held]:
    """Take the lease, renew it until the end of the block, and give it back.

    Args:
        running: the release that was seen running.
        toward: the release that the block brings.

    Raises:
        Busy: somebody who is alive holds it.
        PlanStale: another release runs by now than ``running``.
    """
    lease = world.ledger.acquire(
        environment, project, world.holder(), running=running, toward=toward, is_dead=world.holder_is_dead
    )
    held = Held(world.ledger, lease, running_time=world.seconds)
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
