"""The history: one object per past deployment, never changed; the newest is in the record until the next one begins.

S3 lists in ascending order only. The record says the number of the newest deployment, so the newest of many are those
after a key that is known beforehand, and nobody reads a thousand to see ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError, UpgradeNeeded
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.record import Deployment, Record, current_key, history_key, read_history
from multi_env_lambda.model.store import Listed, ObjectStore

if TYPE_CHECKING:
    from multi_env_lambda.aws.kept import Kept

__all__ = ["Histories", "History"]

_ENTRY = re.compile(r"(\d{8,12})\.json")
_FIRST_PAGE = 4


def _number(item: Listed) -> int:
    """The number of an entry by its key; 0 if it is not an entry."""
    found = _ENTRY.fullmatch(item.key.rpartition("/")[2])
    return int(found[1]) if found else 0


@attrs.frozen(kw_only=True)
class Histories:
    """The past deployments of an environment by unit, and units with at least one that cannot be read."""

    histories: Mapping[str, tuple[Deployment, ...]]
    unreadable: Mapping[str, MultiEnvLambdaError]


@attrs.frozen
class History:
    """The past deployments in an object store, each fetched once by this machine."""

    store: ObjectStore
    kept: Kept

    def of(self, environment: str, project: str, record: Record | None) -> tuple[Deployment, ...]:
        """Every past deployment of a unit, oldest first; ``record`` has the newest."""
        listed = list(self._listed(history_key(environment, project)))
        return _merged(in_parallel(self._entry, listed), record)

    def page(
        self, environment: str, project: str, record: Record | None, *, count: int, before: int | None = None
    ) -> tuple[Deployment, ...]:
        """The newest ``count`` deployments of a unit whose number is less than ``before``, oldest first.

        One LIST, and a GET for each that this machine has never seen. If numbers are missing, the page goes
        further back, with one more LIST each time its range doubles.
        """
        latest = None if record is None else record.latest
        end = before if before is not None else (latest.sequence + 1 if latest is not None else 0)
        reach, found = count, list[Listed]()
        while True:
            start = max(end - reach - 1, 0)
            after = history_key(environment, project, start) if start else ""
            found = list(self._between(environment, project, after, before))
            in_record = latest is not None and latest.sequence < end and latest.sequence not in map(_number, found)
            if len(found) + in_record >= count or not start:
                break
            reach *= 2
        # The entry under the record's own number shows whether that record was started again.
        own = [item for item in found[:-count] if latest is not None and _number(item) == latest.sequence]
        entries = in_parallel(self._entry, [*own, *found[-count:]])
        return tuple(item for item in _merged(entries, record) if before is None or item.sequence < before)[-count:]

    def _between(self, environment: str, project: str, after: str, before: int | None) -> Iterator[Listed]:
        for item in self._listed(history_key(environment, project), after):
            if before is not None and _number(item) >= before:
                return
            yield item

    def _listed(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The entries below a prefix. Anything else that somebody put there is not a deployment."""
        return (item for item in self.store.list(prefix, after=after) if _number(item))

    def newest_first(self, environment: str, project: str, record: Record | None) -> Iterator[Deployment]:
        """Every past deployment, read on demand: first only the one before the newest, then more and more."""
        latest = None if record is None else record.latest
        if latest is not None and latest.sequence > 1:
            yield latest
            entry = self._numbered(environment, project, latest.sequence - 1)
            if entry is not None:
                yield entry
        count, before = _FIRST_PAGE, None if latest is None or latest.sequence == 1 else latest.sequence - 1
        while page := self.page(environment, project, record, count=count, before=before):
            yield from reversed(page)
            count, before = count * 2, page[0].sequence

    def _numbered(self, environment: str, project: str, sequence: int) -> Deployment | None:
        key = history_key(environment, project, sequence)
        # Fetched even if this machine has seen it: without a listing, nothing says that it has not changed.
        stored = self.store.get(key)
        return None if stored is None else read_history(stored.body, where=key)

    def newest(self, environment: str, records: Mapping[str, Record], count: int) -> Histories:
        """The newest deployments of every unit, oldest first; one LIST, and one GET for each never seen before."""
        listed: dict[str, list[Listed]] = {}
        for item in self._listed(history_key(environment)):
            listed.setdefault(item.key.split("/")[-2], []).append(item)
        wanted = [(project, item) for project, items in listed.items() for item in items[-count:]]
        found: dict[str, list[Deployment | None]] = {project: [] for project in (*listed, *records)}
        unreadable: dict[str, MultiEnvLambdaError] = {}
        entries = in_parallel(self._entry_or_error, [item for _, item in wanted])
        for (project, _), entry in zip(wanted, entries, strict=True):
            if isinstance(entry, MultiEnvLambdaError):
                unreadable[project] = entry
            else:
                found[project].append(entry)
        merged = {name: _merged(entries, records.get(name))[-count:] for name, entries in sorted(found.items())}
        return Histories(histories=merged, unreadable=unreadable)

    def _entry_or_error(self, item: Listed) -> Deployment | MultiEnvLambdaError | None:
        try:
            return self._entry(item)
        except (DocumentError, UpgradeNeeded) as error:
            return error

    def _entry(self, item: Listed) -> Deployment | None:
        """One past deployment. It never changes, so this machine fetches it once."""
        body = self.kept.body(item.key, item.etag)
        if body is None:
            stored = self.store.get(item.key)
            if stored is None:
                return None
            self.kept.keep(item.key, stored.etag, stored.body)
            body = stored.body
        return read_history(body, where=item.key)

    def copy(self, record: Record) -> bool:
        """Copy the last deployment into the history; False if its number belongs to another one."""
        assert record.latest is not None
        key = history_key(record.environment, record.project, record.latest.sequence)
        body = record.latest.to_bytes()
        seen = self.kept.recall(key)
        if seen is not None and seen.body == body:
            return True
        answer = self.store.put_new(key, body)
        if answer is None:
            return self._is_the_same(key, record.latest)
        self.kept.keep(key, answer.etag, body)
        return True

    def _is_the_same(self, key: str, latest: Deployment) -> bool:
        """Whether an entry says the same in another format: 0.1.1 may have copied it."""
        stored = self.store.get(key)
        with suppress(MultiEnvLambdaError):
            return stored is not None and read_history(stored.body, where=key) == latest
        return False

    def renumbered(self, record: Record) -> Record:
        """A record that was deleted starts again at 1, while the history continues: its numbers follow the history.

        The newest deployment of the deleted record was in no history yet. The bucket still has that record.
        """
        listed = self.store.list(history_key(record.environment, record.project))
        numbers: dict[int, Deployment | None] = {number: None for item in listed if (number := _number(item))}
        lost = self._lost(record, max(numbers))
        if lost is not None and lost.latest is not None and self.copy(lost):
            numbers[lost.latest.sequence] = None
        renumbered = record.after(numbers)
        self.copy(renumbered)
        return renumbered

    def _lost(self, record: Record, last: int) -> Record | None:
        """The newest earlier version of the record whose deployment follows the ``last`` one in the history."""
        key = current_key(record.environment, record.project)
        for stored in self.store.earlier(key):
            with suppress(DocumentError, UpgradeNeeded):
                earlier = Record.from_bytes(stored.body, where=key)
                if earlier.latest is not None and earlier.latest.sequence > last:
                    return earlier
        return None


def _merged(entries: Iterable[Deployment | None], record: Record | None) -> tuple[Deployment, ...]:
    """The history in order; the newest entry may so far be only in the record."""
    past = {entry.sequence: entry for entry in entries if entry is not None}
    record = None if record is None else record.after(past)
    if record is not None and record.latest is not None:
        past[record.latest.sequence] = record.latest
    return tuple(past[sequence] for sequence in sorted(past))
