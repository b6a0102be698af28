"""What a plan reads from the bucket, as one document that anybody may have: the copy for changes of strangers.

It has records, what is frozen, the rules, the names of what is published, manifests and templates; no artifacts, no
approvals, no history, no jobs. Its SHA-256 finds what was cut or changed on the way, and proves nothing about who wrote
it: what is planned against it is a preview, never a reason to do something.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping

import attrs

from multi_env_lambda.errors import DocumentError
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.document import FORMAT, LARGEST, read_document, structure
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["KIND", "LARGEST_PACKED", "CopiedObject", "PlanCopy"]

KIND = "a copy of the records"
LARGEST_PACKED = 32 * 1024 * 1024
"""Bytes, compressed."""

_HINT = "get it again, from the last run of the protected branch"


@attrs.frozen(kw_only=True)
class CopiedObject:
    """One object of the bucket. ``text`` in Latin-1, so that any bytes are a text."""

    key: str
    text: str

    @property
    def body(self) -> bytes:
        return self.text.encode("latin-1")

    @property
    def etag(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:32]


@attrs.frozen(kw_only=True)
class PlanCopy:
    """The copy.

    Args:
        made: when, in seconds since 1970 by the clock of the bucket. commit: which of the protected branch, as the
            author of the copy had it.
        bucket, account_id, region: of which workspace. places: name and account of its environments, in order.
        objects: by key, in order. hidden: keys that are left out because something in them looks like a secret.
    """

    made: float
    commit: str
    bucket: str
    account_id: str
    region: str
    places: tuple[tuple[str, str], ...]
    objects: tuple[CopiedObject, ...] = ()
    hidden: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The same bytes for the same copy, on every machine."""
        document = attrs.asdict(self)
        whole = {"format": FORMAT, "copy": document, "sha256": digest(document)}
        return gzip.compress(canonical_json(whole).encode("ascii"), 9, mtime=0)

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> PlanCopy:
        """Read it back.

        Raises:
            UpgradeNeeded: it was written by a newer version of this library.
            DocumentError: it is something else, or was cut or changed.
        """
        document = read_document(_unpacked(body, where), where=where, kind=KIND)
        found = document.get("copy")
        if not isinstance(found, dict):
            raise DocumentError(where, f"it is not {KIND}: it has no `copy`", hint=_HINT)
        if digest(found) != document.get("sha256"):
            raise DocumentError(where, "its content does not have the SHA-256 that it says", hint=_HINT)
        copy = structure(cls, found, where=where, kind=KIND)
        keys = [item.key for item in copy.objects]
        if keys != sorted(set(keys)):
            raise DocumentError(where, "its objects are not in order, or one is there twice", hint=_HINT)
        if any(ord(sign) > 255 for item in copy.objects for sign in item.text):
            raise DocumentError(where, "an object of it has characters that are no bytes", hint=_HINT)
        return copy

    @property
    def by_key(self) -> Mapping[str, CopiedObject]:
        return {item.key: item for item in self.objects}

    def another(self, config: WorkspaceConfig) -> str:
        """What of the table is not that of the copy; empty: nothing, so a plan against it means something."""
        devops = config.devops
        if (devops.bucket, devops.account_id, devops.region) != (self.bucket, self.account_id, self.region):
            return f"the bucket {self.bucket} in {self.account_id}"
        known = dict(self.places)
        for place in config.environments:
            if place.name in known and known[place.name] != place.account_id:
                return f"the environment {place.name} in {known[place.name]}"
        return ""


def _unpacked(body: bytes, where: str) -> bytes:
    """Bounded before and after: a few bytes can unpack to any number."""
    if len(body) > LARGEST_PACKED:
        raise DocumentError(where, f"it has {len(body)} bytes; a copy has at most {LARGEST_PACKED}", hint=_HINT)
    stream = zlib.decompressobj(wbits=31)
    try:
        found = stream.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise DocumentError(where, f"it is not {KIND}: {error}", hint=_HINT) from error
    if len(found) > LARGEST:
        raise DocumentError(where, f"it unpacks to more than {LARGEST} bytes", hint=_HINT)
    if not stream.eof or stream.unused_data:
        raise DocumentError(where, "it was cut, or something follows it", hint=_HINT)
    return found
