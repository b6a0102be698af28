"""What the library needs of an object store: S3 in production, a dictionary in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import attrs

from multi_env_lambda.model.lease import Held

__all__ = ["Listed", "Looked", "ObjectStore", "Stored", "Written"]


@attrs.frozen(kw_only=True)
class Listed:
    """One line of a listing. ``modified`` is seconds since 1970 by the store's own clock."""

    key: str
    etag: str
    size: int
    modified: float


@attrs.frozen(kw_only=True)
class Stored:
    """One object: its bytes, its ETag, its user metadata."""

    key: str
    body: bytes
    etag: str
    metadata: Mapping[str, str]
    version_id: str = ""


@attrs.frozen(kw_only=True)
class Looked:
    """What the store says of an object without sending its bytes.

    ``sha256`` is hexadecimal and over the whole object; empty where the store was never told one.
    ``version_id`` names exactly these bytes for ever; empty where the bucket keeps no versions.
    """

    key: str
    etag: str
    size: int
    sha256: str
    version_id: str
    metadata: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Written:
    """The answer to a write: the ETag for the next conditional write, and the version that holds these bytes."""

    etag: str
    version_id: str = ""


class ObjectStore(Protocol):
    """Conditional reads and writes by key. Every write is verified by SHA-256; nothing is overwritten by accident."""

    def list(self, prefix: str, *, after: str = "") -> Iterable[Listed]:
        """All keys below ``prefix`` that sort after ``after``, in order; a page is asked for when it is needed."""
        ...

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The names right below ``prefix`` (which ends with a slash) that have keys below them, in order."""
        ...

    def get(self, key: str) -> Stored | None:
        """The object, or None where there is none."""
        ...

    def earlier(self, key: str) -> Iterable[Stored]:
        """What lay under a key before it was replaced or deleted, newest first, as far as the store keeps that."""
        ...

    def head(self, key: str) -> Looked | None:
        """What is there under a key, or None where there is nothing."""
        ...

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> Written | None:
        """Write an object that must not exist yet.

        A lost answer is resolved by reading back: equal bytes under the key are success (whoever wrote them).
        None: the key holds other bytes.
        """
        ...

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        """Write over the object that has this ETag; None where it has another by now.

        A lost answer is resolved by reading back: our bytes under the key are success.
        """
        ...

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        """Delete the object that has this ETag; False where it has another by now. ``held``: for what it belongs to.

        Raises:
            PlanStale: the lease is lost; nothing was deleted.
        """
        ...

    def now(self) -> float:
        """Seconds since 1970 by the store's clock, never the local one. It may be late for a moment, never ahead.

        One answer with a wrong time does not put it ahead: who is taken over for silence is decided by it.
        """
        ...
