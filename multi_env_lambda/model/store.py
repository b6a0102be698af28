"""What the library needs from an object store: S3 in production, a dictionary in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Literal, Protocol

import attrs

if TYPE_CHECKING:
    from multi_env_lambda.model.artifact import PublishedObject
    from multi_env_lambda.model.lease import Held

__all__ = ["Body", "File", "Listed", "Looked", "ObjectStore", "Stored", "Written", "bytes_of"]


class File(Protocol):
    """What has the bytes of an object, such as a ``Path``."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """From the beginning, each time."""
        ...


Body = bytes | File


def bytes_of(body: Body) -> bytes:
    """All of it, for a store that has nothing but memory."""
    if isinstance(body, bytes):
        return body
    with body.open("rb") as file:
        return file.read()


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
    """What the store says about an object without sending its bytes.

    ``sha256`` is hexadecimal and over the whole object; empty if the store was never given one.
    ``version_id`` identifies exactly these bytes permanently; empty if the bucket keeps no versions.
    """

    key: str
    etag: str
    size: int
    sha256: str
    version_id: str
    metadata: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Written:
    """The answer to a write: the ETag for the next conditional write, and the version that has these bytes."""

    etag: str
    version_id: str = ""


class ObjectStore(Protocol):
    """Conditional reads and writes by key. Every write is verified by SHA-256; nothing is overwritten by accident."""

    def list(self, prefix: str, *, after: str = "") -> Iterable[Listed]:
        """All keys below ``prefix`` that sort after ``after``, in order; a page is requested when it is needed."""
        ...

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The names right below ``prefix`` (which ends with a slash) that have keys below them, in order."""
        ...

    def get(self, key: str) -> Stored | None:
        """The object, or None if there is none."""
        ...

    def earlier(self, key: str) -> Iterable[Stored]:
        """The earlier objects of a key, replaced or deleted since, newest first, as far as the store keeps them."""
        ...

    def head(self, key: str) -> Looked | None:
        """What is stored under a key, or None if nothing is."""
        ...

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        """Write an object that must not exist yet; a file is sent in pieces, and never read as a whole.

        A lost answer is resolved by reading back: equal bytes under the key are success (no matter who wrote them).
        None: the key has other bytes.
        """
        ...

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        """Copy what is stored under ``source`` to the key of ``item``, which must not exist yet; no bytes are sent.

        The SHA-256 of the copy is compared before it takes the key. A lost answer is resolved as that of ``put_new``.
        None: nothing with this SHA-256 is stored under ``source``, or the key has other bytes.
        """
        ...

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        """Replace the object that has this ETag; None if it has another one now.

        A lost answer is resolved by reading back: our bytes under the key are success.
        """
        ...

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        """Delete the object that has this ETag; False if it has another one now. ``held``: the lease for its owner.

        Raises:
            PlanStale: the lease is lost; nothing was deleted.
        """
        ...

    def now(self) -> float:
        """Seconds since 1970 by the store's clock, never the local one. It may lag for a moment, but is never ahead.

        One answer with a wrong time does not put it ahead, because it decides whose lease has expired.
        """
        ...
