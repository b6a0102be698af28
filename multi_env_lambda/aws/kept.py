"""Small objects of the bucket that this machine has seen, with their ETags and SHA-256s."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import attrs

from multi_env_lambda.host.files import read_json, write_atomically
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
        held = read_json(self._path(key), None)
        if not isinstance(held, dict) or not all(
            isinstance(held.get(name), str) for name in ("etag", "body", "sha256")
        ):
            return None
        body = held["body"].encode("utf-8", "surrogatepass")
        if hashlib.sha256(body).hexdigest() != held["sha256"]:
            return None
        return Stored(key=key, body=body, etag=held["etag"], metadata={})

    def is_empty(self, prefix: str) -> bool:
        """Whether this machine has kept nothing below a prefix that ends with a slash."""
        return not any(self._path(prefix).glob("*"))

    def body(self, key: str, etag: str) -> bytes | None:
        seen = self.recall(key)
        return seen.body if seen is not None and seen.etag == etag else None

    def keep(self, key: str, etag: str, body: bytes) -> None:
        """What we read or wrote need not be fetched again while its ETag is in the listing."""
        try:
            text = body.decode("utf-8")
        except ValueError:
            return
        held = {"etag": etag, "body": text, "sha256": hashlib.sha256(body).hexdigest()}
        write_atomically(self._path(key), json.dumps(held).encode("ascii"))
