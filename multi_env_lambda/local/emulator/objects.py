"""S3 returns the stored checksum of a write, and honours conditions on copies.

Reason: ministack stores the checksum but does not return it; copies over an existing object despite ``If-None-Match``;
ignores the checksum algorithm of a copy; and allows copies in a bucket whose policy requires conditional writes, where
S3 answers 403 to a copy without a condition and 501 to one with it. It accepts an ETag in ``If-None-Match`` of a write,
where S3 accepts only an asterisk.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (and API_CopyObject.html),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html,
https://github.com/versity/versitygw/issues/1708 (501 for anything but an asterisk)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from .names import load, original

__all__ = ["patch"]

_Answer = tuple[int, dict[str, str], bytes]
_ALGORITHM = "x-amz-checksum-algorithm"
"""CopyObject's header; ministack reads that of PutObject only."""
_CONDITIONS = ("if-match", "if-none-match")
_NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"
_ALGORITHM_OF_PUT = "x-amz-sdk-checksum-algorithm"


def patch() -> None:
    """Wrap both ways to write an object in one request."""
    s3 = load("ministack.services.s3")
    original(s3, "_buckets")
    s3._check_put_preconditions = _of_an_asterisk(s3, original(s3, "_check_put_preconditions"))
    s3._put_object = _telling_checksum(s3, original(s3, "_put_object"))
    s3._copy_object = _conditional(s3, original(s3, "_copy_object"))


def _of_an_asterisk(s3: Any, check: Callable[..., _Answer | None]) -> Callable[..., _Answer | None]:
    def checked(headers: dict[str, str], existing: dict[str, Any] | None) -> _Answer | None:
        if headers.get("if-none-match", "").strip() not in ("", "*"):
            answer: _Answer = original(s3, "_error")("NotImplemented", _NOT_IMPLEMENTED, 501)
            return answer
        return check(headers, existing)

    return checked


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


def _enforces_conditions(policy: str, bucket: str, key: str) -> bool:
    """Whether a statement about this object requires a conditional write."""
    statements = json.loads(policy or "{}").get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        conditions = {name.lower() for values in statement.get("Condition", {}).values() for name in values}
        named = statement.get("Resource", [])
        resources = [named] if isinstance(named, str) else named
        is_about_it = any(fnmatchcase(f"arn:aws:s3:::{bucket}/{key}", resource) for resource in resources)
        if is_about_it and not conditions.isdisjoint(f"s3:{name}" for name in _CONDITIONS):
            return True
    return False


def _conditional(s3: Any, copy: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def copy_object(bucket: str, key: str, headers: dict[str, str]) -> _Answer:
        policy = original(s3, "_bucket_policies").get(bucket) or ""
        if any(headers.get(name) for name in _CONDITIONS) and _enforces_conditions(policy, bucket, key):
            answer: _Answer = original(s3, "_error")("NotImplemented", _NOT_IMPLEMENTED, 501, f"/{bucket}/{key}")
            return answer
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
