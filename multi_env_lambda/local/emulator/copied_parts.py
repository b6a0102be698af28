"""S3 returns the checksum of a part that is copied, requires it to complete the upload, and checks the source's owner.

Reason: ministack keeps no checksum of a copied part, so the object has none; completes an upload with checksums without
them; and ignores whose the bucket of the source should be.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyPartResult.html (and API_UploadPartCopy.html),
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
Text: https://github.com/aws/aws-sdk-php/issues/2648
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from .names import load, original

__all__ = ["patch"]

_Answer = tuple[int, dict[str, str], bytes]
_OWNER = "x-amz-source-expected-bucket-owner"
_MISSING = (
    "The upload was created using a {} checksum. The complete request must include the checksum for each part. "
    "It was missing for part {} in the request."
)


def patch() -> None:
    """Wrap the copy of a part, and what completes an upload."""
    s3 = load("ministack.services.s3")
    for name in ("_multipart_uploads", "_compute_s3_checksum", "_bucket_owner_account", "_error"):
        original(s3, name)
    s3._upload_part_copy = _with_checksum(s3, original(s3, "_upload_part_copy"))
    s3._complete_multipart_upload = _of_checked_parts(s3, original(s3, "_complete_multipart_upload"))


def _with_checksum(s3: Any, copy: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def copied(bucket: str, key: str, query: dict[str, Any], headers: dict[str, str]) -> _Answer:
        source, _, _ = unquote(headers.get("x-amz-copy-source", "").lstrip("/")).partition("/")
        if headers.get(_OWNER, owner := s3._bucket_owner_account(source)) != owner:
            refused: _Answer = s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
            return refused
        status, answered, content = copy(bucket, key, query, headers)
        upload = s3._multipart_uploads.get(_first(query, "uploadId")) if status == 200 else None
        algorithm = (upload or {}).get("checksum_algorithm")
        if upload is None or not algorithm:
            return status, answered, content
        part = upload["parts"][int(_first(query, "partNumber") or 1)]
        value = s3._compute_s3_checksum(algorithm, part["body"])
        part["checksums"] = {algorithm: value}
        told = f"<Checksum{algorithm}>{value}</Checksum{algorithm}></CopyPartResult>"
        return status, answered, content.replace(b"</CopyPartResult>", told.encode())

    return copied


def _of_checked_parts(s3: Any, complete: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def completed(
        bucket: str, key: str, body: bytes, query: dict[str, Any], headers: dict[str, str] | None = None
    ) -> _Answer:
        upload = s3._multipart_uploads.get(_first(query, "uploadId"))
        algorithm = (upload or {}).get("checksum_algorithm") or ""
        number = _first_without(body, f"Checksum{algorithm}") if algorithm else ""
        if number:
            text = _MISSING.format(algorithm.lower(), number)
            refused: _Answer = s3._error("InvalidRequest", text, 400, f"/{bucket}/{key}")
            return refused
        return complete(bucket, key, body, query, headers)

    return completed


def _first(query: dict[str, Any], name: str) -> str:
    value = query.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _first_without(body: bytes, name: str) -> str:
    """The number of the first part in a request that lacks an element; nothing for what cannot be parsed."""
    try:
        parts = [element for element in ElementTree.fromstring(body).iter() if _local(element) == "Part"]
    except ElementTree.ParseError:
        return ""
    found = ({_local(child): child.text or "" for child in part} for part in parts)
    return next((part.get("PartNumber", "?") for part in found if not part.get(name)), "")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
