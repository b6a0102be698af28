"""The ledger: one current record per (environment, unit), changed only by who holds it, and an unchanging history.

The record and the lease are one object. Taking the lease, renewing it and finishing the deployment are conditional
writes of that object, so whoever lost the lease cannot write the record either: the ETag is the fence. Its last
writer's time is the store's own ``LastModified``; no local clock decides who is dead.

The history entry of a deployment is a copy of ``latest`` in the record and is written after it. A process that dies
between the two leaves the copy to the next writer; readers merge both, so nothing is ever missing or double.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from multi_env_lambda.errors import Busy, PlanStale
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.record import Deployment, Holder, Record, current_key, history_key, read_deployment
from multi_env_lambda.model.store import Listed, ObjectStore, Stored

__all__ = ["LEASE_SECONDS", "Lease", "Ledger"]

LEASE_SECONDS = 60
"""A holder that has not renewed for this long is dead. Renewed every third of it; taken over well within 90 s."""

_READERS = 16

_ATTEMPTS = 5
"""Who loses a race looks again at who has won."""


def _alive(_: Holder) -> bool:
    return False


@attrs.frozen(kw_only=True)
class Lease:
    """The right to change one unit in one environment, as long as the record still has this ETag.

    ``unsure`` is the attempt without an end that this one follows, if there was one.
    """

    key: str
    etag: str
    record: Record
    unsure: str | None = None

    @property
    def fencing(self) -> int:
        return self.record.fencing


@attrs.frozen
class Ledger:
    """Records over an object store, with a local cache by ETag (one LIST sees every change of an environment)."""

    store: ObjectStore
    cache: Path

    def records(self, environment: str) -> dict[str, Record]:
        """The current record of every unit in an environment: one LIST, and one GET for each that changed since."""
        prefix = current_key(environment)
        listed = {item.key: item.etag for item in self.store.list(prefix)}
        cached = {key: body for key, etag in listed.items() if (body := self._cached(key, etag)) is not None}
        missing = [key for key in listed if key not in cached]
        with ThreadPoolExecutor(_READERS) as pool:
            for item in pool.map(self.store.get, missing):
                if item is not None:
                    self._remember(item.key, item.etag, item.body)
                    cached[item.key] = item.body
        records = (Record.from_bytes(body, where=key) for key, body in cached.items())
        return {record.project: record for record in records}

    def acquire(
        self,
        environment: str,
        project: str,
        holder: Holder,
        *,
        running: str | None,
        toward: str | None = None,
        is_dead: Callable[[Holder], bool] = _alive,
    ) -> Lease:
        """Take the lease of one unit, if what runs is still what the plan was made for.

        Args:
            running: the release that the plan saw running.
            toward: the release that the holder will bring; stays in the record if the holder dies.
            is_dead: whether the process of a holder is known to be gone; such a one is not waited for.

        Raises:
            Busy: somebody who is alive holds it.
            PlanStale: another release runs by now.
        """
        key = current_key(environment, project)
        # The plan has just read it. The write says whether that still holds, so it need not be read once more.
        seen = self._recall(key)
        record = self._record(environment, project, seen)
        if record.holder is None and record.release == running:
            lease = self._take(key, record, holder, toward, None if seen is None else seen.etag)
            if lease is not None:
                return lease
        for _ in range(_ATTEMPTS):
            stored = self.store.get(key)
            record = self._record(environment, project, stored)
            self._check(record, running, is_dead)
            lease = self._take(key, record, holder, toward, None if stored is None else stored.etag)
            if lease is not None:
                return lease
        raise _changed(environment, project)

    def _record(self, environment: str, project: str, stored: Stored | None) -> Record:
        if stored is None:
            return Record(project=project, environment=environment)
        return Record.from_bytes(stored.body, where=stored.key)

    def _check(self, record: Record, running: str | None, is_dead: Callable[[Holder], bool]) -> None:
        """The record is nobody's, and what runs is what the plan saw."""
        if record.holder is not None and not is_dead(record.holder):
            self._refuse_living_holder(record, record.holder)
        if record.release != running:
            raise PlanStale(
                f"{record.project} in {record.environment}",
                f"the plan saw release {_short(running)} running, now it is {_short(record.release)}",
                hint="run the same command again",
            )

    def _take(self, key: str, record: Record, holder: Holder, toward: str | None, etag: str | None) -> Lease | None:
        """One try; None where the record is another one by now."""
        fencing, before = record.fencing + 1, record.unsure
        holder = attrs.evolve(holder, fencing=fencing)
        record = attrs.evolve(record, holder=holder, fencing=fencing, unsure=toward or before)
        written = self._put(key, record, etag)
        if written is None:
            return None
        self._heal_history(record, toward)
        return Lease(key=key, etag=written, record=record, unsure=before)

    def is_unsure(self, record: Record) -> bool:
        """Whether an attempt began here that has ended without anybody seeing how."""
        return record.unsure is not None and (record.holder is None or self._silence(record) > LEASE_SECONDS)

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
        # Other bytes give another ETag: whoever is just taking over from a silent holder then fails.
        holder = attrs.evolve(holder, renewals=holder.renewals + 1)
        return self._next(lease, attrs.evolve(lease.record, holder=holder))

    def save(self, lease: Lease, record: Record) -> Lease:
        """Write the record and keep the lease (between two steps of a traffic shift, for instance)."""
        return self._next(lease, attrs.evolve(record, holder=lease.record.holder, fencing=lease.fencing))

    def finish(self, lease: Lease, record: Record) -> Record:
        """Write the record, give the lease back, and copy the deployment into the history.

        Raises:
            PlanStale: the lease was taken over; what this process did is not recorded.
        """
        record = attrs.evolve(record, holder=None, fencing=lease.fencing)
        self._next(lease, record)
        self._copy_to_history(record)
        return record

    def release(self, lease: Lease, *, unsure: str | None = None) -> None:
        """Give the lease back with the record unchanged, but for whether what runs is known."""
        self._next(lease, attrs.evolve(lease.record, holder=None, unsure=unsure))

    def history(self, environment: str, project: str) -> tuple[Deployment, ...]:
        """Every past deployment, oldest first."""
        listed = list(self.store.list(history_key(environment, project)))
        current = self.store.get(current_key(environment, project))
        record = None if current is None else Record.from_bytes(current.body, where=current.key)
        with ThreadPoolExecutor(_READERS) as pool:
            return _merged(pool.map(self._history_entry, listed), record)

    def histories(self, environment: str, *, newest: int) -> dict[str, tuple[Deployment, ...]]:
        """The newest deployments of every unit, oldest first: two LISTs, and one GET for each never seen before."""
        listed: dict[str, list[Listed]] = {}
        for item in self.store.list(history_key(environment)):
            listed.setdefault(item.key.split("/")[-2], []).append(item)
        records = self.records(environment)
        wanted = [(project, item) for project, items in listed.items() for item in items[-newest:]]
        found: dict[str, list[Deployment | None]] = {project: [] for project in (*listed, *records)}
        with ThreadPoolExecutor(_READERS) as pool:
            entries = pool.map(self._history_entry, [item for _, item in wanted])
            for (project, _), entry in zip(wanted, entries, strict=True):
                found[project].append(entry)
        return {name: _merged(entries, records.get(name))[-newest:] for name, entries in sorted(found.items())}

    def _history_entry(self, item: Listed) -> Deployment | None:
        """One past deployment. It never changes, so this machine asks for it once."""
        body = self._cached(item.key, item.etag)
        if body is None:
            stored = self.store.get(item.key)
            if stored is None:
                return None
            self._remember(item.key, stored.etag, stored.body)
            body = stored.body
        return read_deployment(json.loads(body))

    def _refuse_living_holder(self, record: Record, holder: Holder) -> None:
        age = self._silence(record)
        if age <= LEASE_SECONDS:
            raise Busy(
                f"{record.project} in {record.environment}",
                f"{holder.who} on {holder.host} is deploying it since {holder.since}, "
                f"last seen {max(age, 0):.0f} s ago",
                hint=f"wait for it, or give `--wait`; a holder that died is taken over after {LEASE_SECONDS} s",
            )

    def _silence(self, record: Record) -> float:
        """For how many seconds the holder has shown no sign of life, by the clock of the store."""
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
        written = self.store.put_new(key, body) if etag is None else self.store.replace(key, body, etag=etag)
        if written is not None and record.holder is None:
            self._remember(key, written, body)
        return written

    def _cache_path(self, key: str) -> Path:
        return self.cache / "records" / key

    def _recall(self, key: str) -> Stored | None:
        """What this machine read or wrote last; the store may have something else by now."""
        held = read_json(self._cache_path(key), None)
        if held is None:
            return None
        return Stored(key=key, body=held["body"].encode("ascii"), etag=held["etag"], metadata={})

    def _cached(self, key: str, etag: str) -> bytes | None:
        seen = self._recall(key)
        return seen.body if seen is not None and seen.etag == etag else None

    def _remember(self, key: str, etag: str, body: bytes) -> None:
        """What we read or wrote need not be asked for again while its ETag stands in the listing."""
        held = {"etag": etag, "body": body.decode("ascii")}
        write_atomically(self._cache_path(key), json.dumps(held).encode("ascii"))

    def _heal_history(self, record: Record, toward: str | None) -> None:
        """The last writer may have died between the record and its copy, or while it moved traffic elsewhere."""
        if record.latest is not None and not record.is_moving_to(toward or record.latest.release):
            key, body = _history_copy(record, record.latest)
            seen = self._recall(key)
            if (seen is None or seen.body != body) and self.store.head(key) is None:
                self._copy_to_history(record)

    def _copy_to_history(self, record: Record) -> None:
        if record.latest is not None:
            key, body = _history_copy(record, record.latest)
            etag = self.store.put_new(key, body)
            if etag is not None:
                self._remember(key, etag, body)


def _history_copy(record: Record, latest: Deployment) -> tuple[str, bytes]:
    """The key and the bytes of the newest deployment in the history."""
    key = history_key(record.environment, record.project, latest.sequence)
    return key, canonical_json(attrs.asdict(latest)).encode("ascii")


def _merged(entries: Iterable[Deployment | None], record: Record | None) -> tuple[Deployment, ...]:
    """The history in order; the newest entry may so far stand in the record only."""
    past = {entry.sequence: entry for entry in entries if entry is not None}
    if record is not None and record.latest is not None:
        past[record.latest.sequence] = record.latest
    return tuple(past[sequence] for sequence in sorted(past))


def _changed(environment: str, project: str) -> PlanStale:
    what = "its record was changed by somebody else in the meantime"
    return PlanStale(f"{project} in {environment}", what, hint="run the same command again")


def _short(release: str | None) -> str:
    return "none" if release is None else release[:12]
