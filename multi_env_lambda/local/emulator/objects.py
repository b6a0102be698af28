"""S3 answers a write with the checksum that it kept, and copies only onto a name that is free where that is asked.

Reason: ministack keeps the checksum and does not tell it, copies over an existing object whatever ``If-None-Match``
says, and overlooks the checksum algorithm that a copy asks for.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (and API_CopyObject.html)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch"]

_Answer = tuple[int, dict[str, str], bytes]
_ALGORITHM = "x-amz-checksum-algorithm"
"""CopyObject's header; ministack reads that of PutObject only."""
_ALGORITHM_OF_PUT = "x-amz-sdk-checksum-algorithm"


def patch() -> None:
    """Wrap both ways to write an object in one request."""
    s3 = load("ministack.services.s3")
    for name in ("_buckets", "_check_put_preconditions"):
        original(s3, name)
    s3._put_object = _telling_checksum(s3, original(s3, "_put_object"))
    s3._copy_object = _conditional(s3, original(s3, "_copy_object"))


def _checksums(s3: Any, bucket: str, key: str) -> dict[str, str]:
    found = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key) or {}
    return dict(found.get("checksums") or {})


def _telling_checksum(s3: Any, put: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def put_object(bucket: str, key: str, body: bytes, headers: dict[str, str]) -> _Answer:
        status, answered, content = put(bucket, key, body, headers)
        kept = _checksums(s3, bucket, key) if status == 200 else {}
        if kept:
            told = {f"x-amz-checksum-{algorithm.lower()}": value for algorithm, value in kept.items()}
            answered = {**answered, **told, "x-amz-checksum-type": "FULL_OBJECT"}
        return status, answered, content

    return put_object


def _conditional(s3: Any, copy: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def copy_object(bucket: str, key: str, headers: dict[str, str]) -> _Answer:
        existing = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
        refusal: _Answer | None = s3._check_put_preconditions(headers, existing)
        if refusal:
            return refusal
        if _ALGORITHM in headers:
            headers = {_ALGORITHM_OF_PUT: headers[_ALGORITHM], **headers}
        status, answered, content = copy(bucket, key, headers)
        kept = _checksums(s3, bucket, key) if status == 200 else {}
        told = "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in kept.items())
        return status, answered, content.replace(b"</CopyObjectResult>", f"{told}</CopyObjectResult>".encode())

    return copy_object
