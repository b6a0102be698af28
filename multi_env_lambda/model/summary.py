"""All records of an environment in one object, for machines that have no cache.

It is a convenience, never the truth: each record in it counts only if the bucket's own listing says that this is what
is stored there. So a summary that was lost, raced or forged costs calls, and nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Mapping

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document

__all__ = ["LARGEST", "pack", "proven", "summary_of", "unpack"]

LARGEST = 32 * 1024 * 1024
"""Bytes, unpacked: the records of some thousand units, or as many published names. Parsed JSON takes ten times as much.

A packed bomb costs an attacker nothing, so the limit is lower than that of a plain document.
"""

_MD5 = re.compile(r"[0-9a-f]{32}")


def pack(document: Mapping[str, object]) -> bytes:
    """A large, repetitive document, as compressed canonical JSON."""
    return gzip.compress(canonical_json({**document, "format": FORMAT}).encode("ascii"), mtime=0)


def unpack(body: bytes, *, where: str, kind: str) -> dict[str, object]:
    """Read what ``pack`` wrote.

    Raises:
        UpgradeNeeded: it was written by a newer version of this library.
        DocumentError: it is not such a document, or it unpacks to too much.
    """
    inflate = zlib.decompressobj(wbits=31)
    try:
        text = inflate.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise is_junk(where, kind, str(error)) from error
    if len(text) > LARGEST:
        raise is_junk(where, kind, f"it unpacks to more than the limit of {LARGEST:,} bytes")
    return read_document(text, where=where, kind=kind)


def proven(body: bytes, listed: Mapping[str, str], *, where: str) -> dict[str, bytes]:
    """The records of a summary that match the listing: bodies by key.

    Args:
        listed: the ETags of the listing, by key.
    """
    try:
        records = unpack(body, where=where, kind="a summary").get("records")
    except MultiEnvLambdaError:
        return {}
    found = {}
    for key, item in records.items() if isinstance(records, dict) else ():
        if isinstance(item, dict) and key in listed and _is(item, listed[key]):
            found[key] = _bytes(item["body"])
    return found


def _is(item: Mapping[str, object], etag: str) -> bool:
    """Whether this is the body with that ETag, which is the MD5 of the bytes unless the bucket has its own key."""
    text = item.get("body")
    if not isinstance(text, str):
        return False
    if _MD5.fullmatch(etag.strip('"')):
        return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest() == etag.strip('"')
    return item.get("etag") == etag


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def summary_of(records: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The summary of some records: (ETag, body) by key."""
    readable = {key: {"etag": etag, "body": text} for key, (etag, body) in records.items() if (text := _text(body))}
    return pack({"records": readable})


def _text(body: bytes) -> str:
    try:
        json.loads(body)
        return body.decode("utf-8")
    except (ValueError, RecursionError):
        return ""
