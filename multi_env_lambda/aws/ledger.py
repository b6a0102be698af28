"""The ledger: one current record per (environment, unit), changed only by its holder, and an immutable history.

The record and the lease are one object. Taking the lease, renewing it and finishing the deployment are conditional
writes of that object, so a process that lost the lease cannot write the record either: the ETag is the fence. The
time of its last write is the store's own ``LastModified``; no local clock decides who is dead.

The history entry of a deployment is a copy of ``latest`` in the record; the next holder of the lease writes it. Readers
merge both, so nothing is ever missing or duplicated, and no deployment fails because its copy could not be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.aws.history import Histories, History
from multi_env_lambda.aws.kept import Kept
from multi_env_lambda.errors import Busy, MultiEnvLambdaError, PlanStale
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.record import (
    Deployment,
    Holder,
    Record,
    current_key,
    current_prefix,
    summary_key,
)
from multi_env_lambda.model.summary import proven, summary_of
from multi_env_lambda.wording import Advice, advice

if TYPE_CHECKING:
    from multi_env_lambda.model.store import Listed, ObjectStore, Stored

__all__ = ["LEASE_SECONDS", "Histories", "Lease", "Ledger", "Recorded"]

LEASE_SECONDS = 60
"""A holder that has not renewed for this long is dead. Renewed every third of it; taken over well within 90 s."""

_MAY_BE_BEHIND = 2
"""How many records the summary may lack: each costs a machine without a cache a call, and saves a deploy one."""

_ATTEMPTS = 5
"""The loser of a race reads again who has won."""


def _alive(_: Holder) -> bool:
    return False


@attrs.frozen(kw_only=True)
class Lease:
    """The right to change one unit in one environment, as long as the record still has this ETag.

    ``unsure`` is the unfinished attempt that this one follows, if there was one.
    """

    key: str
    etag: str
    record: Record
    unsure: str | None = None

    @property
    def fencing(self) -> int:
        return self.record.fencing


@attrs.frozen(kw_only=True)
class Recorded:
    """What the bucket says about an environment: the records by unit, and those that exist but cannot be read."""

    records: Mapping[str, Record]
    unreadable: Mapping[str, MultiEnvLambdaError]


@attrs.define
class _Seen:
    """What this process knows to be stored for one environment: (ETag, body) by key; and how far the summary is behind.

    ``listed``: these are all existing records.
    """

    bodies: dict[str, tuple[str, bytes]] = attrs.field(factory=dict)
    listed: bool = False
    summary_etag: str = ""
    beside: frozenset[str] | None = None
    behind: set[str] = attrs.field(factory=set)
    changed: bool = False


@attrs.frozen
class Ledger:
    """Records over an object store, with a local cache by ETag (one LIST sees every change of an environment)."""

    store: ObjectStore
    cache: Path
    _seen: dict[str, _Seen] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    @property
    def _kept(self) -> Kept:
        return Kept(self.cache / "records")

    @property
    def _history(self) -> History:
        return History(self.store, self._kept)

    def records(self, environment: str) -> dict[str, Record]:
        """The current record of every unit in an environment, except those that cannot be read."""
        return dict(self.read(environment).records)

    def read(self, environment: str) -> Recorded:
        """Every record of an environment: one LIST, at most one GET of the summary, and one per remaining record."""
        bodies = self._bodies(environment)
        records, unreadable = {}, {}
        for key, body in bodies.items():
            name = key.rpartition("/")[2].removesuffix(".json")
            try:
                records[name] = Record.from_bytes(body, where=key)
            except MultiEnvLambdaError as error:
                unreadable[name] = error
        return Recorded(records=records, unreadable=unreadable)

    def read_one(self, environment: str, project: str) -> Recorded:
        """The record of one unit alone: one GET."""
        key = current_key(environment, project)
        stored = self.store.get(key)
        if stored is None:
            return Recorded(records={}, unreadable={})
        self._kept.keep(key, stored.etag, stored.body)
        try:
            return Recorded(records={project: Record.from_bytes(stored.body, where=key)}, unreadable={})
        except MultiEnvLambdaError as error:
            return Recorded(records={}, unreadable={project: error})

    def _bodies(self, environment: str) -> dict[str, bytes]:
        listed, repeated = self._listing(environment)
        summary = listed.pop(summary_key(environment), None)
        folder = current_key(environment, "").removesuffix(".json")
        etags = {key: item.etag for key, item in listed.items() if key.startswith(folder) and key.endswith(".json")}
        found = {key: body for key, etag in etags.items() if (body := self._kept.body(key, etag)) is not None}
        missing = {key: etags[key] for key in etags.keys() - found.keys()}
        if repeated is None and summary is not None and len(missing) > _MAY_BE_BEHIND:
            repeated = self.store.get(summary.key)
        if repeated is not None:
            found |= self._from_summary(repeated, missing)
        for item in in_parallel(self.store.get, [key for key in etags if key not in found]):
            if item is not None:
                self._kept.keep(item.key, item.etag, item.body)
                found[item.key], etags[item.key] = item.body, item.etag
        since = 0.0 if summary is None else summary.modified
        self._seen[environment] = _Seen(
            bodies={key: (etags[key], body) for key, body in found.items()},
            listed=True,
            summary_etag="" if summary is None else summary.etag,
            beside=frozenset(listed.keys() - etags.keys()),
            behind={key for key in etags if listed[key].modified >= since},
        )
        return {key: found[key] for key in etags if key in found}

    def _listing(self, environment: str) -> tuple[dict[str, Listed], Stored | None]:
        """What is stored there; and the summary, fetched at the same time if this machine has not kept any record."""
        listed: dict[str, Listed] = {}
        repeated: list[Stored | None] = []

        def look() -> None:
            listed.update((item.key, item) for item in self.store.list(current_prefix(environment)))

        steps = [look]
        if self._kept.is_empty(current_key(environment, "").removesuffix(".json")):
            steps.append(lambda: repeated.append(self.store.get(summary_key(environment))))
        together(*steps)
        return listed, next(iter(repeated), None)

    def _from_summary(self, stored: Stored, etags: Mapping[str, str]) -> dict[str, bytes]:
        found = proven(stored.body, etags, where=stored.key)
        for key, body in found.items():
            self._kept.keep(key, etags[key], body)
        return found

    def shows_no(self, environment: str, key: str) -> bool:
        """Whether a listing of this run has shown that an object next to the records does not exist."""
        seen = self._seen.get(environment)
        return seen is not None and seen.beside is not None and key not in seen.beside

    def summarise(self, environment: str) -> None:
        """Rewrite the summary if this process changed a record, and too many have changed since.

        Losing a race here costs nothing.
        """
        seen = self._seen.get(environment)
        if seen is None or not (seen.listed and seen.changed) or len(seen.behind) <= _MAY_BE_BEHIND:
            return
        body, key = summary_of(seen.bodies), summary_key(environment)
        with suppress(MultiEnvLambdaError):
            if seen.summary_etag:
                self.store.replace(key, body, etag=seen.summary_etag)
            else:
                self.store.put_new(key, body)
            seen.behind, seen.changed = set(), False

    def acquire(
        self,
        environment: str,
        project: str,
        holder: Holder,
        *,
        running: str | None,
        toward: str | None = None,
        is_dead: Callable[[Holder], bool] = _alive,
        workspace: str = "",
    ) -> Lease:
        """Take the lease of one unit, if what runs is still what the plan was made for.

        Args:
            running: the release that the plan saw running.
            toward: the release that the holder will deploy; stays in the record if the holder dies.
            is_dead: whether the process of a holder is known to have ended; such a holder is not waited for.
            workspace: the id that the record gets, unless it is unknown here.

        Raises:
            Busy: somebody else holds it and is alive.
            PlanStale: a different release runs now.
        """
        key = current_key(environment, project)
        # The plan has just read it. The write says whether that still holds, so it need not be read again.
        seen = self._kept.recall(key)
        record = self._record(environment, project, seen, workspace)
        if record.holder is None and record.release == running:
            lease = self._take(key, record, holder, toward, None if seen is None else seen.etag)
            if lease is not None:
                return lease
        for _ in range(_ATTEMPTS):
            stored = self.store.get(key)
            record = self._record(environment, project, stored, workspace)
            self._check(record, running, is_dead)
            lease = self._take(key, record, holder, toward, None if stored is None else stored.etag)
            if lease is not None:
                return lease
        raise _changed(environment, project)

    def _record(self, environment: str, project: str, stored: Stored | None, workspace: str) -> Record:
        if stored is None:
            return Record(project=project, environment=environment, workspace=workspace)
        record = Record.from_bytes(stored.body, where=stored.key)
        return attrs.evolve(record, workspace=workspace or record.workspace)

    def _check(self, record: Record, running: str | None, is_dead: Callable[[Holder], bool]) -> None:
        """Check that nobody holds the record, and that what runs is what the plan saw."""
        if record.holder is not None and not is_dead(record.holder):
            self._refuse_living_holder(record, record.holder)
        if record.release != running:
            raise PlanStale(
                f"{record.project} in {record.environment}",
                f"planned against {_planned(running)}, but {_short(record.release)} is running now",
                hint="run the same command again",
            )

    def _take(self, key: str, record: Record, holder: Holder, toward: str | None, etag: str | None) -> Lease | None:
        """One attempt; None if the record has changed."""
        fencing, before = record.fencing + 1, record.unsure
        held = attrs.evolve(record, holder=attrs.evolve(holder, fencing=fencing), fencing=fencing)
        held = attrs.evolve(held, unsure=toward or before)
        # A finished deployment never changes, so its copy need not wait until it is known who has the lease.
        ended = record.latest is not None and record.latest.outcome != "shifting"
        steps: list[Callable[[], object]] = [lambda: self._put(key, held, etag)]
        if ended:
            steps.append(lambda: self._history.copy(record))
        written, *copied = in_parallel(lambda step: step(), steps)
        if not isinstance(written, str):
            return None
        if record.latest is not None and not ended and not record.is_moving_to(toward or record.latest.release):
            copied = [self._history.copy(record)]
        if False in copied:
            held = self._history.renumbered(held)
        return Lease(key=key, etag=written, record=held, unsure=before)

    def is_unsure(self, record: Record) -> bool:
        """Whether an attempt began here and ended without anybody seeing how."""
        return record.unsure is not None and (record.holder is None or self.silence(record) > LEASE_SECONDS)

    def holder(self, environment: str, project: str) -> Holder | None:
        """Who holds a unit according to its record, dead or alive."""
        stored = self.store.get(current_key(environment, project))
        return None if stored is None else Record.from_bytes(stored.body, where=stored.key).holder

    def renew(self, lease: Lease) -> Lease:
        """Show that the holder is alive.

        Raises:
            PlanStale: the lease was taken over.
        """
        holder = lease.record.holder
        assert holder is not None
        # Different bytes change the ETag, so a process that is just taking over from a silent holder fails.
        holder = attrs.evolve(holder, renewals=holder.renewals + 1)
        return self._next(lease, attrs.evolve(lease.record, holder=holder))

    def save(self, lease: Lease, record: Record) -> Lease:
        """Write the record and keep the lease (between two steps of a traffic shift, for instance)."""
        return self._next(lease, attrs.evolve(record, holder=lease.record.holder, fencing=lease.fencing))

    def finish(self, lease: Lease, record: Record) -> Record:
        """Write the record and release the lease. The next writer copies the deployment into the history.

        Raises:
            PlanStale: the lease was taken over; what this process did is not recorded.
        """
        record = attrs.evolve(record, holder=None, fencing=lease.fencing)
        self._next(lease, record)
        return record

    def release(self, lease: Lease, *, unsure: str | None = None) -> None:
        """Release the lease with the record unchanged, except for whether what runs is known."""
        self._next(lease, attrs.evolve(lease.record, holder=None, unsure=unsure))

    def history(
        self, environment: str, project: str, *, newest: int | None = None, before: int | None = None
    ) -> tuple[Deployment, ...]:
        """Past deployments of a unit, oldest first.

        Args:
            newest: at most this many; None: all. A page costs the record, one LIST and a GET for each, once.
            before: only those with a smaller number.
        """
        current = self.store.get(current_key(environment, project))
        record = None if current is None else Record.from_bytes(current.body, where=current.key)
        if newest is not None:
            return self._history.page(environment, project, record, count=newest, before=before)
        past = self._history.of(environment, project, record)
        return tuple(item for item in past if before is None or item.sequence < before)

    def newest_first(self, record: Record | None, environment: str, project: str) -> Iterator[Deployment]:
        """Past deployments of a unit from the newest on, read only on demand."""
        return self._history.newest_first(environment, project, record)

    def histories(self, environment: str, *, newest: int) -> Histories:
        """The newest deployments of every unit, oldest first: two LISTs, and one GET for each never seen before."""
        return self._history.newest(environment, self.records(environment), newest)

    def _refuse_living_holder(self, record: Record, holder: Holder) -> None:
        age = self.silence(record)
        if age <= LEASE_SECONDS:
            raise Busy(
                f"{record.project} in {record.environment}",
                f"{holder.who} on {holder.host} has been deploying it since {holder.since}, "
                f"last seen {max(age, 0):.0f} s ago",
                hint=advice(
                    "wait for it, or pass `{}`; a dead holder is replaced after {} s",
                    Advice("--wait", "wait=60"),
                    str(LEASE_SECONDS),
                ),
            )

    def silence(self, record: Record) -> float:
        """For how many seconds the holder has been silent, by the clock of the store."""
        key = current_key(record.environment, record.project)
        renewed = next((item.modified for item in self.store.list(key) if item.key == key), 0.0)
        return self.store.now() - renewed

    def _next(self, lease: Lease, record: Record) -> Lease:
        return attrs.evolve(lease, etag=self._write(lease.key, record, lease.etag), record=record)

    def _write(self, key: str, record: Record, etag: str) -> str:
        written = self._put(key, record, etag)
        if written is None:
            raise _changed(record.environment, record.project)
        return written

    def _put(self, key: str, record: Record, etag: str | None) -> str | None:
        body = record.to_bytes()
        answer = self.store.put_new(key, body) if etag is None else self.store.replace(key, body, etag=etag)
        if answer is None:
            return None
        if record.holder is None:
            self._kept.keep(key, answer.etag, body)
            seen = self._seen.setdefault(record.environment, _Seen())
            seen.bodies[key] = (answer.etag, body)
            seen.behind.add(key)
            seen.changed = True
        return answer.etag


def _changed(environment: str, project: str) -> PlanStale:
    what = "somebody else changed its record in the meantime"
    return PlanStale(f"{project} in {environment}", what, hint="run the same command again")


def _planned(release: str | None) -> str:
    return '"nothing deployed"' if release is None else release[:12]


def _short(release: str | None) -> str:
    return "nothing" if release is None else release[:12]
