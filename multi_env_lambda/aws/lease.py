"""A lease while it is held: renewed in the background, and checked right before every change and every deletion.

The check asks our own clocks first. Nobody takes over before the holder was silent for ``LEASE_SECONDS``, so a lease
with a recent heartbeat needs no call; an older one is renewed, and the store says whether it is still ours.

What a pause between the check and its call can still do, and what catches it (the process would have to stop for more
than two thirds of ``LEASE_SECONDS`` right there; botocore's own retries of one call are part of that moment):

- **CreateChangeSet, DeleteChangeSet**: one change set more or less; it runs nothing.
- **ExecuteChangeSet**: if the new holder changed the stack since, the change set is OBSOLETE and CloudFormation refuses
  it; if not, the release of the old holder runs and the new one's change set becomes obsolete: it stops.
- **RollbackStack, ContinueUpdateRollback**: refused unless the stack is still in the broken state that was read.
- **DeleteStack**: names the stack's id, so it never hits a new stack with the same name. A stack with the
  same id that was updated meanwhile is deleted; nothing refuses that. The deleting process cannot record it (below).
- **DeleteFunction** of a version: refused by Lambda while an alias points at it. **DeleteLayerVersion**: functions that
  have the layer keep it.
- **DeleteObject**: carries the ETag, so other bytes are never deleted. The same bytes may be, if needed again since;
  before the next deployment changes anything, ``flow.publish.claim`` finds that they are missing.
- **The record**: its ETag is the fence. A process that lost the lease writes neither the record nor the history, and
  ends with ``PlanStale``; ``unsure`` stays in the record of a replaced holder until the stack has been checked.

Sources: *Updating stacks using change sets* in the CloudFormation User Guide, *DeleteFunction* and *DeleteLayerVersion*
in the Lambda API Reference, *Conditional deletes* in the S3 User Guide.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

import attrs

from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease, Ledger
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import Holder, Record

__all__ = ["HeldLease", "HeldTogether", "holder_lives"]

_FRESH_SECONDS = LEASE_SECONDS / 3


class _Grip(Enum):
    """How this process holds its lease."""

    HELD = "held"
    UNANSWERED = "the last heartbeat has no response yet: it may or may not have been written"
    LOST = "somebody took over"
    GIVEN_BACK = "released"


class _There(Enum):
    """What exists, compared with what existed when the lease was taken."""

    AS_BEFORE = "nothing was changed, or all of it was rolled back"
    CHANGING = "the first change is in progress"
    CHANGED = "at least one change was completed"


class HeldLease:
    """The lease of one unit in one environment; every write of its record goes through its newest ETag.

    Implements ``multi_env_lambda.model.lease.Held``; safe for threads. ``acquire`` takes the lease; both clocks are
    read before it is called, since its response may take long. ``running_time`` is a clock that cannot be set and stops
    while a laptop sleeps, ``wall_time`` one that keeps running and may be set: each sees a pause that the other does
    not.
    """

    def __init__(
        self,
        ledger: Ledger,
        acquire: Callable[[], Lease],
        *,
        running_time: Callable[[], float] = time.monotonic,
        wall_time: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._clocks = (running_time, wall_time)
        self._seen = self._read_clocks()
        self._lease = acquire()
        self._lock = threading.Lock()
        self._grip = _Grip.HELD
        self._there = _There.AS_BEFORE
        self._why_lost: PlanStale | None = None

    @property
    def record(self) -> Record:
        return self._lease.record

    @property
    def fencing(self) -> int:
        return self._lease.fencing

    @property
    def unsure(self) -> str | None:
        """The release that may run instead of the recorded one, if the work ended now."""
        return self._lease.unsure if self._there is _There.AS_BEFORE else self._lease.record.unsure

    def make_sure(self) -> None:
        """Make sure that this holder still has the lease; renews a lease that is no longer fresh.

        Raises:
            PlanStale: somebody else took over.
        """
        elapsed = [now - before for now, before in zip(self._read_clocks(), self._seen, strict=True)]
        if self._grip is _Grip.LOST or max(elapsed) > _FRESH_SECONDS or min(elapsed) < 0:
            self.renew()

    def begin(self) -> None:
        """As ``make_sure``, right before a change of what runs.

        Raises:
            PlanStale: somebody else took over.
        """
        self.make_sure()
        if self._there is _There.AS_BEFORE:
            self._there = _There.CHANGING

    def changed(self) -> None:
        """A change was completed; others may follow."""
        if self._there is _There.CHANGING:
            self._there = _There.CHANGED

    def undone(self) -> None:
        """CloudFormation rolled the last change back; what ran before the first one runs again."""
        if self._there is _There.CHANGING:
            self._there = _There.AS_BEFORE

    def settled(self) -> None:
        """What the record calls running really runs."""
        self._there = _There.AS_BEFORE
        with self._lock:
            self._lease = attrs.evolve(self._lease, unsure=None)

    def renew(self) -> None:
        """Show that this holder is alive.

        Raises:
            PlanStale: somebody else took over; nothing may be written any more.
        """
        with self._lock:
            self._must_be_ours()
            if self._grip is not _Grip.GIVEN_BACK:
                self._renew()

    def renew_quietly(self) -> None:
        """As ``renew``, for the background: a loss is remembered and raised at the holder's next check.

        A bucket that does not respond is not a loss; the next heartbeat may arrive in time.
        """
        with suppress(MultiEnvLambdaError):
            self.renew()

    def save(self, record: Record) -> None:
        """Write the record and keep the lease."""
        with self._lock:
            self._settle()
            self._lease = self._ledger.save(self._lease, record)

    def finish(self, record: Record) -> Record:
        """Write the record and release the lease."""
        with self._lock:
            self._settle()
            self._grip = _Grip.GIVEN_BACK
            return self._ledger.finish(self._lease, record)

    def give_back(self) -> None:
        """End without a deployment: the record does not change. After ``finish``, there is nothing left to do."""
        with self._lock:
            if self._grip is not _Grip.GIVEN_BACK:
                self._settle()
                self._grip = _Grip.GIVEN_BACK
                self._ledger.release(self._lease, unsure=self.unsure)

    def _renew(self) -> None:
        asked = self._read_clocks()
        try:
            self._lease = self._ledger.renew(self._lease)
        except PlanStale as error:
            self._grip, self._why_lost = _Grip.LOST, error
            raise
        except MultiEnvLambdaError:
            self._grip = _Grip.UNANSWERED
            raise
        self._seen, self._grip = asked, _Grip.HELD

    def _settle(self) -> None:
        """A heartbeat without a response may have been written; sending it again tells, and returns the ETag."""
        self._must_be_ours()
        if self._grip is _Grip.UNANSWERED:
            self._renew()

    def _must_be_ours(self) -> None:
        if self._why_lost is not None:
            raise self._why_lost

    def _read_clocks(self) -> tuple[float, float]:
        running_time, wall_time = self._clocks
        return running_time(), wall_time()


@attrs.frozen
class HeldTogether:
    """Several leases held at once, for work that needs all of them; implements ``Held``."""

    leases: tuple[Held, ...]

    def make_sure(self) -> None:
        """Make sure that all of them are still ours.

        Raises:
            PlanStale: somebody else took one over.
        """
        for lease in self.leases:
            lease.make_sure()

    def begin(self) -> None:
        """As ``make_sure``, for all of them.

        Raises:
            PlanStale: somebody else took one over.
        """
        for lease in self.leases:
            lease.begin()


def holder_lives(ledger: Ledger, record: Record, is_dead: Callable[[Holder], bool]) -> bool:
    """Whether somebody is changing a unit: the test by which ``Ledger.acquire`` grants or refuses the lease.

    A holder whose process is known to have ended is dead, and so is one that was silent for ``LEASE_SECONDS`` by the
    clock of the store.
    """
    if record.holder is None or is_dead(record.holder):
        return False
    return ledger.silence(record) <= LEASE_SECONDS
