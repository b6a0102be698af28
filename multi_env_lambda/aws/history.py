"""The history: one object per past deployment, never changed; the newest is in the record until the next begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

import attrs

from multi_env_lambda.aws.kept import Kept
from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError, UpgradeNeeded
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.record import Deployment, Record, current_key, history_key, read_history
from multi_env_lambda.model.store import Listed, ObjectStore

__all__ = ["Histories", "History"]

_ENTRY = re.compile(r"(\d{8,12})\.json")


@attrs.frozen(kw_only=True)
class Histories:
    """The past deployments of an environment by unit, and units of which at least one cannot be read."""

    histories: Mapping[str, tuple[Deployment, ...]]
    unreadable: Mapping[str, MultiEnvLambdaError]


@attrs.frozen
class History:
    """The past deployments in an object store, each asked for once by this machine."""

    store: ObjectStore
    kept: Kept

    def of(self, environment: str, project: str, record: Record | None) -> tuple[Deployment, ...]:
        """Every past deployment of a unit, oldest first; ``record`` has the newest."""
        listed = list(self.store.list(history_key(environment, project)))
        return _merged(in_parallel(self._entry, listed), record)

    def newest(self, environment: str, records: Mapping[str, Record], count: int) -> Histories:
        """The newest deployments of every unit, oldest first; one LIST, and one GET for each never seen before."""
        listed: dict[str, list[Listed]] = {}
        for item in self.store.list(history_key(environment)):
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
        """One past deployment. It never changes, so this machine asks for it once."""
        body = self.kept.body(item.key, item.etag)
        if body is None:
            stored = self.store.get(item.key)
            if stored is None:
                return None
            self.kept.keep(item.key, stored.etag, stored.body)
            body = stored.body
        return read_history(body, where=item.key)

    def copy(self, record: Record) -> bool:
        """Copy the last deployment into the history; False where its number belongs to another one."""
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
        """A record that somebody deleted was begun anew at 1, while the history went on: its numbers follow that.

        The newest deployment of the deleted record was in no history yet. The bucket still has that record.
        """
        listed = self.store.list(history_key(record.environment, record.project))
        found = (_ENTRY.fullmatch(item.key.rpartition("/")[2]) for item in listed)
        numbers: dict[int, Deployment | None] = {int(number[1]): None for number in found if number}
        lost = self._lost(record, max(numbers))
        if lost is not None and lost.latest is not None and self.copy(lost):
            numbers[lost.latest.sequence] = None
        renumbered = record.after(numbers)
        self.copy(renumbered)
        return renumbered

    def _lost(self, record: Record, last: int) -> Record | None:
        """The newest earlier version of the record whose deployment follows upon the ``last`` one in the history."""
        key = current_key(record.environment, record.project)
        for stored in self.store.earlier(key):
            with suppress(DocumentError, UpgradeNeeded):
                earlier = Record.from_bytes(stored.body, where=key)
                if earlier.latest is not None and earlier.latest.sequence > last:
                    return earlier
        return None


def _merged(entries: Iterable[Deployment | None], record: Record | None) -> tuple[Deployment, ...]:
    """The history in order; the newest entry may so far stand in the record only."""
    past = {entry.sequence: entry for entry in entries if entry is not None}
    record = None if record is None else record.after(past)
    if record is not None and record.latest is not None:
        past[record.latest.sequence] = record.latest
    return tuple(past[sequence] for sequence in sorted(past))
