"""The artifact bucket as an ``ObjectStore``: every call names the owner, every write is conditional and checksummed.

A write whose response was lost is settled by reading back, so it is neither reported as a failure nor done twice.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar

from multi_env_lambda.aws.error_codes import (
    account_error,
    aws_errors,
    code_of,
    is_denied,
    is_lost,
    is_throttled,
    response_of,
    status_of,
    text_of,
)
from multi_env_lambda.errors import MultiEnvLambdaError, PublishError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.store import Body, Listed, Looked, Stored, Written

__all__ = ["Bucket"]

_DATES = 3
_SHA256 = "sha256"
"""User metadata of a copy: S3's checksum of it proves this SHA-256, but does not contain it."""

_PIECE = 1 << 20
_Answer = TypeVar("_Answer")


class Bucket:
    """One bucket of one owner (an account id); implements ``multi_env_lambda.model.store.ObjectStore``.

    ``clock`` exists for tests.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        owner: str,
        *,
        retrying: Retrying | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._name = name
        self._owner = owner
        self._retrying = Retrying() if retrying is None else retrying
        self._lock = threading.Lock()
        self._clock = clock
        self._dates: deque[tuple[float, float]] = deque(maxlen=_DATES)

    def __repr__(self) -> str:
        return f"Bucket({self._name!r}, owner={self._owner!r})"

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        for page in self._pages(prefix, {"StartAfter": after} if after else {}):
            for line in page.get("Contents", ()):
                yield Listed(
                    key=line["Key"], etag=line["ETag"], size=line["Size"], modified=line["LastModified"].timestamp()
                )

    def folders(self, prefix: str) -> tuple[str, ...]:
        pages = self._pages(prefix, {}, Delimiter="/")
        lines = (line for page in pages for line in page.get("CommonPrefixes", ()))
        return tuple(line["Prefix"].removeprefix(prefix).rstrip("/") for line in lines)

    def _pages(self, prefix: str, token: Mapping[str, str], **more: str) -> Iterator[Any]:
        """The pages of a listing; ``token`` says where the first one begins, ``more`` is evaluated for each."""
        while True:
            answer = self._call("list_objects_v2", prefix, Prefix=prefix, **more, **token)
            yield answer
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def earlier(self, key: str) -> Iterator[Stored]:
        token: dict[str, str] = {}
        while True:
            answer = self._call("list_object_versions", key, Prefix=key, **token)
            for line in answer.get("Versions", ()):
                if line["Key"] == key and not line["IsLatest"]:
                    version = self._call("get_object", key, Key=key, VersionId=line["VersionId"])
                    body = version["Body"].read()
                    yield Stored(key=key, body=body, etag=line["ETag"], metadata={}, version_id=line["VersionId"])
            if not answer.get("IsTruncated"):
                return
            token = {name: answer[f"Next{name}"] for name in ("KeyMarker", "VersionIdMarker")}

    def get(self, key: str) -> Stored | None:
        try:
            # botocore repeats requests, but not after a body that broke off in the middle.
            return self._again(partial(self._read, key), is_lost, key)
        except aws_errors() as error:
            if _is_absent(error):
                return None
            raise self._publish_error(key, error) from error

    def head(self, key: str) -> Looked | None:
        try:
            answer = self._answer("head_object", Key=key, ChecksumMode="ENABLED")
        except aws_errors() as error:
            if _is_absent(error):
                return None
            raise self._publish_error(key, error) from error
        return Looked(
            key=key,
            etag=answer["ETag"],
            size=answer["ContentLength"],
            sha256=_hexadecimal(answer.get("ChecksumSHA256"), answer.get("Metadata", {})),
            version_id=answer.get("VersionId", ""),
            metadata=dict(answer.get("Metadata", {})),
        )

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        return self._put(key, body, {"IfNoneMatch": "*", "Metadata": dict(metadata or {})})

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        """S3 refuses CopyObject where a bucket's policy enforces conditions, so the object becomes the only part of
        another one: the call that completes it may require that the key is free.

        What is not completed is deleted by the rule of the bucket for unfinished uploads.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
        """
        digest = bytes.fromhex(item.sha256)

        def once() -> Written | None:
            try:
                return self._copied(item, source)
            except aws_errors() as error:
                if _is_absent(error):
                    return None
                if status_of(error) == 412 or code_of(error) == "NoSuchUpload":
                    # Somebody else's copy, or our own: botocore repeats a request whose answer was lost.
                    return self._equal(item.key, digest, item.size)
                raise

        return self._settled(once, item.key)

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        return self._put(key, body, {"IfMatch": etag})

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        """Delete the object that has this ETag; False if it has a different one now.

        The lease is checked before each attempt.

        A key that is gone counts as deleted: that is what the retry of a call with a lost response finds.
        """

        def once() -> bool:
            held.make_sure()
            try:
                self._answer("delete_object", Key=key, IfMatch=etag)
                return True
            except aws_errors() as error:
                if _is_absent(error):
                    return True
                if status_of(error) == 412:
                    return False
                if status_of(error) == 501:
                    return self._compare_and_delete(key, etag, held)
                raise

        return self._settled(once, key)

    def now(self) -> float:
        """The earliest time according to its last three responses, each advanced by our own clock.

        One response that is ahead is outvoted. One that is behind, or a clock of ours that stopped while the laptop
        slept, makes the time late until three more responses arrive: somebody waits a little longer, and no living
        holder is taken over.
        """
        for _ in range(2 - len(self._dates)):
            self._call("head_bucket", "")
        with self._lock:
            times = [date + self._clock() - seen for date, seen in self._dates]
        if not times:
            raise PublishError(f"s3://{self._name}", "its responses have no Date", hint="is a proxy removing headers?")
        return min(times)

    def _put(self, key: str, body: Body, condition: Mapping[str, Any]) -> Written | None:
        """Write under a condition until it is known who won; None if the key holds different bytes."""
        digest, size = _measured(body)
        checksum = base64.b64encode(digest).decode("ascii")

        def once() -> Written | None:
            try:
                with nullcontext(body) if isinstance(body, bytes) else body.open("rb") as content:
                    answer = self._answer("put_object", Key=key, Body=content, ChecksumSHA256=checksum, **condition)
                return Written(etag=answer["ETag"], version_id=answer.get("VersionId", ""))
            except aws_errors() as error:
                if status_of(error) == 412 or (_is_absent(error) and "IfMatch" in condition):
                    return self._equal(key, digest, size)
                # Applied or not? The retry is conditional: it returns 412 if the first one was applied.
                raise

        return self._settled(once, key)

    def _copied(self, item: PublishedObject, source: str) -> Written | None:
        """None if what is stored under ``source`` has a different SHA-256."""
        said = {_SHA256: item.sha256}
        made = self._answer("create_multipart_upload", Key=item.key, ChecksumAlgorithm="SHA256", Metadata=said)
        upload = {"Key": item.key, "UploadId": made["UploadId"]}
        whole = {"CopySource": {"Bucket": self._name, "Key": source}, "ExpectedSourceBucketOwner": self._owner}
        part = self._answer("upload_part_copy", **upload, **whole, PartNumber=1)["CopyPartResult"]
        checksum = part.get("ChecksumSHA256")
        if checksum is None or _hexadecimal(checksum, {}) != item.sha256:
            return None
        parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": checksum}]
        done = self._answer("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
        return Written(etag=done["ETag"], version_id=done.get("VersionId", ""))

    def _settled(self, send: Callable[[], _Answer], key: str) -> _Answer:
        """The outcome of a conditional change of the key, retried until it is known."""
        try:
            return self._again(send, _may_repeat, key)
        except aws_errors() as error:
            raise self._publish_error(key, error) from error

    def _again(self, send: Callable[[], _Answer], passes: Callable[[Exception], bool], key: str) -> _Answer:
        what = f"s3://{self._name}/{key}"
        return self._retrying.run(
            send, what=what, errors=aws_errors(), passes=passes, throttled=is_throttled, reason=code_of
        )

    def _equal(self, key: str, digest: bytes, size: int) -> Written | None:
        """The object under a key if it holds so many bytes with this SHA-256, no matter who wrote them."""
        there = self.head(key)
        if there is None:
            return None
        if there.sha256:
            equal = there.sha256 == digest.hex()
            return Written(etag=there.etag, version_id=there.version_id) if equal else None
        if there.size != size:
            return None
        stored = self.get(key)
        equal = stored is not None and stored.etag == there.etag and _measured(stored.body)[0] == digest
        return Written(etag=there.etag, version_id=there.version_id) if equal else None

    def _compare_and_delete(self, key: str, etag: str, held: Held) -> bool:
        """For object stores without conditional deletes (they return 501): a short race remains."""
        try:
            if self._answer("head_object", Key=key)["ETag"] != etag:
                return False
            held.make_sure()
            self._answer("delete_object", Key=key)
        except aws_errors() as error:
            if not _is_absent(error):
                raise self._publish_error(key, error) from error
        return True

    def _read(self, key: str) -> Stored:
        answer = self._answer("get_object", Key=key, ChecksumMode="ENABLED")
        body = answer["Body"].read()
        known = answer.get("ChecksumSHA256", "")
        if _is_comparable(known) and known not in (_checksum(body), _of_one_part(_measured(body)[0].hex())):
            what = f"the bytes have the SHA-256 {_checksum(body)}, but the bucket recorded {known}"
            raise PublishError(f"s3://{self._name}/{key}", what, hint="the object is damaged; restore an older version")
        return Stored(
            key=key,
            body=body,
            etag=answer["ETag"],
            metadata=dict(answer.get("Metadata", {})),
            version_id=answer.get("VersionId", ""),
        )

    def _call(self, operation: str, key: str, **parameters: Any) -> Any:
        try:
            return self._answer(operation, **parameters)
        except aws_errors() as error:
            raise self._publish_error(key, error) from error

    def _answer(self, operation: str, **parameters: Any) -> Any:
        try:
            answer = getattr(self._client, operation)(Bucket=self._name, ExpectedBucketOwner=self._owner, **parameters)
        except aws_errors() as error:
            self._note_date(response_of(error))
            raise
        self._note_date(answer)
        return answer

    def _note_date(self, answer: Mapping[str, Any]) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            seconds = parsedate_to_datetime(date).timestamp()
            with self._lock:
                self._dates.append((seconds, self._clock()))

    def _publish_error(self, key: str, error: Exception) -> MultiEnvLambdaError:
        known = account_error(f"s3://{self._name}/{key}", error)
        if known is not None:
            return known
        if code_of(error) == "NoSuchBucket" or (code_of(error) == "404" and not key):
            hint = "create it with the `bootstrap` verb, or fix devops.bucket in the root pyproject.toml"
        elif is_denied(error):
            # What HEAD is answered has no text, so nobody would say what is missing.
            asked = "s3:GetObject" if key else "s3:ListBucket"
            may = f"has this role {asked}" if code_of(error) == "403" else "may this role use it"
            hint = f"does the bucket belong to account {self._owner}, and {may}?"
        elif code_of(error) in ("InvalidBucketName", "ParamValidationError"):
            hint = "fix devops.bucket in the root pyproject.toml"
        else:
            hint = "run the same command again; nothing is published twice"
        return PublishError(f"s3://{self._name}/{key}", text_of(error), hint=hint)


def _checksum(body: bytes) -> str:
    return base64.b64encode(_measured(body)[0]).decode("ascii")


def _measured(body: Body) -> tuple[bytes, int]:
    """The SHA-256 of the bytes, and how many there are."""
    if isinstance(body, bytes):
        return hashlib.sha256(body).digest(), len(body)
    digest, size = hashlib.sha256(), 0
    with body.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.digest(), size


def _hexadecimal(checksum: str | None, metadata: Mapping[str, str]) -> str:
    """The SHA-256 of an object by S3's base64 of it; empty if S3 does not know it.

    That of an upload in parts is computed over the parts' own. A copy is one part and its metadata has the SHA-256,
    which counts if S3's checksum is computed over it. Nothing is known of an upload in several parts.
    """
    if checksum is None:
        return ""
    if "-" not in checksum:
        return base64.b64decode(checksum).hex()
    said = metadata.get(_SHA256, "")
    return said if _of_one_part(said) == checksum else ""


def _is_comparable(checksum: str) -> bool:
    """Whether it is that of all bytes, or of the only part."""
    return checksum != "" and checksum.partition("-")[2] in ("", "1")


def _of_one_part(sha256: str) -> str:
    """S3's checksum of an object that was uploaded as one part with this hexadecimal SHA-256.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """
    try:
        return f"{base64.b64encode(hashlib.sha256(bytes.fromhex(sha256)).digest()).decode('ascii')}-1"
    except ValueError:
        return ""


def _may_repeat(error: Exception) -> bool:
    """409 is S3's response to two conditional writes at the same moment; it means retry."""
    return status_of(error) == 409 or is_lost(error) or is_throttled(error)


def _is_absent(error: Exception) -> bool:
    """Whether the key does not exist. HEAD has no body, so its 404 carries no code of its own."""
    return code_of(error) in ("NoSuchKey", "404")
