"""A lease while it is held: renewed in the background, and looked at right before every change and every deletion.

The look asks our own clocks first. Nobody takes over before the holder was silent for ``LEASE_SECONDS``, so a lease
whose last sign of life is young needs no call; an older one is renewed, and the store says whether it still is ours.

What a pause between the look and its call can still do, and what catches it (the process would have to stand still for
more than ``LEASE_SECONDS`` less a third right there; botocore's own repetitions of one call are part of that moment):

- **CreateChangeSet, DeleteChangeSet**: a change set more or less; nothing runs by it.
- **ExecuteChangeSet**: if the new holder changed the stack since, the change set is OBSOLETE and CloudFormation refuses
  it; if not, the release of the old holder runs and the new one's change set becomes obsolete: it stops, looks again.
- **RollbackStack, ContinueUpdateRollback**: refused unless the stack is still in the broken state that was seen.
- **DeleteStack**: names the stack's id, so a stack that was made anew under the name is never meant. A stack of the
  same id that was updated meanwhile is deleted; nothing refuses that. The one who deleted cannot record it (below).
- **DeleteFunction** of a version: refused by Lambda while an alias points at it. **DeleteLayerVersion**: functions that
  have the layer keep it.
- **DeleteObject**: carries the ETag, so other bytes are never deleted. The same bytes, needed again since, are; before
  the next deployment changes anything, ``flow.publish.claim`` finds that they are missing.
- **The record**: its ETag is the fence. Whoever lost the lease writes neither the record nor the history, and ends with
  ``PlanStale``; ``unsure`` stays in the record of a holder that was taken over until somebody has looked what is there.

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
    """How this process has its lease."""

    HELD = "held"
    UNANSWERED = "the last sign of life has no answer yet: it may have been written or not"
    LOST = "somebody took over"
    GIVEN_BACK = "given back"


class _There(Enum):
    """What is there, compared with what was there when the lease was taken."""

    AS_BEFORE = "nothing was changed, or all of it was taken back"
    CHANGING = "the first change is under way"
    CHANGED = "at least one change was made to its end"


class HeldLease:
    """The lease of one unit in one environment; every write of its record goes through its newest ETag.

    Implements ``multi_env_lambda.model.lease.Held``; safe for threads. ``acquire`` takes the lease; both clocks are
    read before it is called, since its answer may have been long on its way. ``running_time`` is a clock that cannot be
    set and stands still while a laptop sleeps, ``wall_time`` one that goes on and may be set: each sees a pause that
    the other does not.
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
        """The release that may be there instead of the recorded one, if the work ended now."""
        return self._lease.unsure if self._there is _There.AS_BEFORE else self._lease.record.unsure

    def make_sure(self) -> None:
        """Whether this holder still is the holder; renews a lease that is not fresh any more.

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
        """A change was made to its end; others may follow."""
        if self._there is _There.CHANGING:
            self._there = _There.CHANGED

    def undone(self) -> None:
        """CloudFormation took the last change back; what was there before the first one is there again."""
        if self._there is _There.CHANGING:
            self._there = _There.AS_BEFORE

    def settled(self) -> None:
        """What the record calls running is there."""
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
        """As ``renew``, for the background: a loss is kept and raised where the holder looks next.

        A bucket that does not answer is no loss; the next sign of life may arrive in time.
        """
        with suppress(MultiEnvLambdaError):
            self.renew()

    def save(self, record: Record) -> None:
        """Write the record and go on holding."""
        with self._lock:
            self._settle()
            self._lease = self._ledger.save(self._lease, record)

    def finish(self, record: Record) -> Record:
        """Write the record and give the lease back."""
        with self._lock:
            self._settle()
            self._grip = _Grip.GIVEN_BACK
            return self._ledger.finish(self._lease, record)

    def give_back(self) -> None:
        """End without a deployment: the record stays as it was. Nothing is left to do after ``finish``."""
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
        """A sign of life without an answer may have been written; the same one again tells, and gives the ETag."""
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
    """Several leases that are held at once, for what belongs to all of them; implements ``Held``."""

    leases: tuple[Held, ...]

    def make_sure(self) -> None:
        """Every one of them still is ours.

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
    """Whether somebody is changing a unit: the test by which ``Ledger.acquire`` gives or refuses the lease.

    A holder whose process is known to be gone does not live, nor does one that was silent for ``LEASE_SECONDS`` by the
    clock of the store.
    """
    if record.holder is None or is_dead(record.holder):
        return False
    return ledger.silence(record) <= LEASE_SECONDS
