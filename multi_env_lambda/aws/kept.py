"""Small objects of the bucket that this machine has seen, with their ETags and SHA-256s.

A file is a line with the ETag, a line with the SHA-256 of the rest, and the object as it is: of 5,000 records, each is
read at every command, so nothing about it is encoded.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs

from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.model.store import Stored

__all__ = ["Kept"]


@attrs.frozen
class Kept:
    """Objects by key in a folder of this machine. A damaged file counts as missing."""

    folder: Path

    def _path(self, key: str) -> Path:
        return self.folder / key

    def recall(self, key: str) -> Stored | None:
        """What this machine read or wrote last; the store may have something else now."""
        try:
            held = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        etag, _, rest = held.partition(b"\n")
        sha256, _, body = rest.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode("ascii") != sha256:
            return None
        return Stored(key=key, body=body, etag=etag.decode("utf-8", "replace"), metadata={})

    def is_empty(self, prefix: str) -> bool:
        """Whether this machine has kept nothing below a prefix that ends with a slash."""
        return not any(self._path(prefix).glob("*"))

    def body(self, key: str, etag: str) -> bytes | None:
        seen = self.recall(key)
        return seen.body if seen is not None and seen.etag == etag else None

    def keep(self, key: str, etag: str, body: bytes) -> None:
        """What we read or wrote need not be fetched again while its ETag is in the listing."""
        head = f"{etag}\n{hashlib.sha256(body).hexdigest()}\n"
        write_atomically(self._path(key), head.encode("utf-8") + body)
