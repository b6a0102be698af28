"""An object store in memory, with S3's conditional writes, which ends the process on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping

import attrs

from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.store import Body, Listed, Looked, Stored, Written, bytes_of

__all__ = ["MemoryStore"]


@attrs.define
class _Object:
    body: bytes
    etag: str
    metadata: dict[str, str]
    modified: float
    version_id: str


class MemoryStore:
    """An ``ObjectStore`` with S3's conditional writes.

    ``writes`` lists every mutating call that was applied; ``after_write`` is called after each and may raise
    ``Killed``; ``time`` is the store's own clock and stands still until a test moves it.
    """

    def __init__(self, after_write: Callable[[str, str], None] | None = None) -> None:
        self.objects: dict[str, _Object] = {}
        self.past: dict[str, list[_Object]] = {}
        self.writes: list[tuple[str, str]] = []
        self.reads: list[tuple[str, str]] = []
        self.after_write = after_write
        self.time = 1_000_000.0
        self._lock = threading.RLock()

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        self.reads.append(("list", prefix))
        with self._lock:
            found = sorted((key, self.objects[key]) for key in self.objects if key.startswith(prefix) and key > after)
        for key, item in found:
            yield Listed(key=key, etag=item.etag, size=len(item.body), modified=item.modified)

    def folders(self, prefix: str) -> tuple[str, ...]:
        self.reads.append(("folders", prefix))
        with self._lock:
            below = [key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)]
        return tuple(sorted({rest.partition("/")[0] for rest in below if "/" in rest}))

    def earlier(self, key: str) -> Iterator[Stored]:
        self.reads.append(("earlier", key))
        for item in reversed(self.past.get(key, ())):
            yield Stored(key=key, body=item.body, etag=item.etag, metadata={}, version_id=item.version_id)

    def get(self, key: str) -> Stored | None:
        self.reads.append(("get", key))
        with self._lock:
            item = self.objects.get(key)
        if item is None:
            return None
        return Stored(key=key, body=item.body, etag=item.etag, metadata=dict(item.metadata), version_id=item.version_id)

    def head(self, key: str) -> Looked | None:
        self.reads.append(("head", key))
        with self._lock:
            item = self.objects.get(key)
        if item is None:
            return None
        return Looked(
            key=key,
            etag=item.etag,
            size=len(item.body),
            sha256=hashlib.sha256(item.body).hexdigest(),
            version_id=item.version_id,
            metadata=dict(item.metadata),
        )

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        body = bytes_of(body)
        with self._lock:
            there = self.objects.get(key)
            if there is not None:
                return Written(etag=there.etag, version_id=there.version_id) if there.body == body else None
            return self._put("put_new", key, body, metadata or {})

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        with self._lock:
            there, found = self.objects.get(item.key), self.objects.get(source)
            if found is None or hashlib.sha256(found.body).hexdigest() != item.sha256:
                return None
            if there is not None:
                return Written(etag=there.etag, version_id=there.version_id) if there.body == found.body else None
            return self._put("copy_new", item.key, found.body, {})

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        with self._lock:
            there = self.objects.get(key)
            if there is None or there.etag != etag:
                return None
            return self._put("replace", key, body, there.metadata)

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        # Outside the lock: the check may have to write a heartbeat to this very store.
        held.make_sure()
        with self._lock:
            there = self.objects.get(key)
            if there is None or there.etag != etag:
                return False
            self.past.setdefault(key, []).append(self.objects.pop(key))
            self._applied("delete", key)
            return True

    def now(self) -> float:
        return self.time

    def _put(self, kind: str, key: str, body: bytes, metadata: Mapping[str, str]) -> Written:
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        # By content, so that the order in which threads write does not matter.
        written = Written(etag=etag, version_id=hashlib.sha256(key.encode() + b"\0" + body).hexdigest()[:16])
        if key in self.objects:
            self.past.setdefault(key, []).append(self.objects[key])
        self.objects[key] = _Object(body, etag, dict(metadata), self.time, written.version_id)
        self._applied(kind, key)
        return written

    def _applied(self, kind: str, key: str) -> None:
        self.writes.append((kind, key))
        if self.after_write is not None:
            self.after_write(kind, key)
