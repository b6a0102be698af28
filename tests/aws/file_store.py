"""An object store in a folder, for several processes of one machine: every call is atomic by a lock on a file."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.store import Body, Listed, Looked, Stored, Written, bytes_of


class FileStore:
    """Conditional writes as S3 has them, without metadata. Time is the time of this machine's files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        with self._locked():
            paths = sorted(path for path in (self.root / "objects").rglob("*") if path.is_file())
            found = [(path, path.relative_to(self.root / "objects").as_posix()) for path in paths]
            lines = [
                Listed(key=key, etag=_etag(path.read_bytes()), size=path.stat().st_size, modified=path.stat().st_mtime)
                for path, key in found
                if key.startswith(prefix) and key > after
            ]
        yield from lines

    def folders(self, prefix: str) -> tuple[str, ...]:
        raise NotImplementedError

    def earlier(self, key: str) -> Iterator[Stored]:
        raise NotImplementedError

    def get(self, key: str) -> Stored | None:
        with self._locked():
            body = self._read(key)
        return None if body is None else Stored(key=key, body=body, etag=_etag(body), metadata={})

    def head(self, key: str) -> Looked | None:
        with self._locked():
            body = self._read(key)
        if body is None:
            return None
        sha256 = hashlib.sha256(body).hexdigest()
        return Looked(key=key, etag=_etag(body), size=len(body), sha256=sha256, version_id=sha256, metadata={})

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        body = bytes_of(body)
        with self._locked():
            there = self._read(key)
            if there is not None:
                return Written(etag=_etag(body)) if there == body else None
            return self._write(key, body)

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        raise NotImplementedError

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        with self._locked():
            there = self._read(key)
            if there is None or _etag(there) != etag:
                return None
            return self._write(key, body)

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        raise NotImplementedError

    def now(self) -> float:
        mark = self.root / "now"
        mark.touch()
        return mark.stat().st_mtime

    def _read(self, key: str) -> bytes | None:
        path = self.root / "objects" / key
        return path.read_bytes() if path.is_file() else None

    def _write(self, key: str, body: bytes) -> Written:
        path = self.root / "objects" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return Written(etag=_etag(body))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
