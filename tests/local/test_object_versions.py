"""S3 as the ledger relies on it: each write has a version, its checksum, and conditions that hold."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def s3(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return client_of(local_cloud, local_config.devops, "s3")


@pytest.fixture(scope="module")
def bucket(local_config: WorkspaceConfig) -> str:
    return local_config.devops.bucket


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def put(s3: Any, bucket: str, key: str, body: bytes, **more: Any) -> Any:
    return s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", **more)


def test_the_seeded_bucket_is_versioned(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_a_write_answers_with_its_version_and_checksum(s3: Any, bucket: str) -> None:
    written = put(s3, bucket, "versions/answer", b"one")
    assert written["VersionId"] not in ("", "null")
    assert written["ChecksumSHA256"] == sha256(b"one")


def test_a_given_checksum_is_answered_too(s3: Any, bucket: str) -> None:
    written = s3.put_object(Bucket=bucket, Key="versions/given", Body=b"one", ChecksumSHA256=sha256(b"one"))
    assert written["ChecksumSHA256"] == sha256(b"one")


def test_each_version_keeps_its_bytes_and_checksum(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "versions/kept"}
    ids = [put(s3, bucket, "versions/kept", body)["VersionId"] for body in (b"one", b"two")]
    assert len(set(ids)) == 2

    for version, body in zip(ids, (b"one", b"two"), strict=True):
        head = s3.head_object(**where, VersionId=version, ChecksumMode="ENABLED")
        assert (head["VersionId"], head["ChecksumSHA256"]) == (version, sha256(body))
        got = s3.get_object(**where, VersionId=version, ChecksumMode="ENABLED")
        assert (got["VersionId"], got["ChecksumSHA256"], got["Body"].read()) == (version, sha256(body), body)
    assert s3.head_object(**where)["VersionId"] == s3.get_object(**where)["VersionId"] == ids[1]


def test_a_version_that_does_not_exist_is_not_found(s3: Any, bucket: str) -> None:
    put(s3, bucket, "versions/one", b"one")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="versions/one", VersionId="0" * 32)
    assert caught.value.response["Error"]["Code"] == "NoSuchVersion"


def test_an_environment_reads_a_version_of_the_devops_bucket(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, s3: Any, bucket: str
) -> None:
    first = put(s3, bucket, "projects/versions/shared", b"one")["VersionId"]
    put(s3, bucket, "projects/versions/shared", b"two")
    prod = client_of(local_cloud, local_config.environment("prod"), "s3")
    got = prod.get_object(Bucket=bucket, Key="projects/versions/shared", VersionId=first)
    assert got["Body"].read() == b"one"
    head = prod.head_object(Bucket=bucket, Key="projects/versions/shared", VersionId=first, ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == sha256(b"one")


def test_versions_are_listed_newest_first_with_deletions(s3: Any, bucket: str) -> None:
    ids = [put(s3, bucket, "versions/listed", body)["VersionId"] for body in (b"one", b"two")]
    marker = s3.delete_object(Bucket=bucket, Key="versions/listed")
    listed = s3.list_object_versions(Bucket=bucket, Prefix="versions/listed")
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["Versions"]] == [(ids[1], False), (ids[0], False)]
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["DeleteMarkers"]] == [(marker["VersionId"], True)]
    assert s3.get_object(Bucket=bucket, Key="versions/listed", VersionId=ids[0])["Body"].read() == b"one"


def test_folders_are_listed_and_paged(s3: Any, bucket: str) -> None:
    for name in ("a/1", "a/2", "b/1", "c"):
        put(s3, bucket, f"versions/folders/{name}", b"")
    pages = [
        s3.list_objects_v2(Bucket=bucket, Prefix="versions/folders/", Delimiter="/"),
        s3.list_objects_v2(Bucket=bucket, Prefix="versions/folders/", Delimiter="/", MaxKeys=1),
    ]
    assert [p["Prefix"] for p in pages[0]["CommonPrefixes"]] == ["versions/folders/a/", "versions/folders/b/"]
    assert [o["Key"] for o in pages[0]["Contents"]] == ["versions/folders/c"]
    more = s3.list_objects_v2(
        Bucket=bucket,
        Prefix="versions/folders/",
        Delimiter="/",
        ContinuationToken=pages[1]["NextContinuationToken"],
    )
    assert [p["Prefix"] for p in more["CommonPrefixes"]] == ["versions/folders/b/"]


def test_a_delete_with_another_etag_is_refused(s3: Any, bucket: str) -> None:
    etag = put(s3, bucket, "versions/deleted", b"one")["ETag"]
    put(s3, bucket, "versions/deleted", b"two")
    with pytest.raises(ClientError) as caught:
        s3.delete_object(Bucket=bucket, Key="versions/deleted", IfMatch=etag)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    s3.delete_object(
        Bucket=bucket, Key="versions/deleted", IfMatch=s3.head_object(Bucket=bucket, Key="versions/deleted")["ETag"]
    )
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key="versions/deleted")


@pytest.mark.parametrize("operation", ["put", "copy"])
def test_a_name_is_written_once_where_that_is_asked(s3: Any, bucket: str, operation: str) -> None:
    put(s3, bucket, "versions/source", b"new")
    key = f"versions/once-{operation}"

    def write() -> Any:
        if operation == "put":
            return put(s3, bucket, key, b"new", IfNoneMatch="*")
        return s3.copy_object(
            Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": "versions/source"}, IfNoneMatch="*"
        )

    first = write()
    with pytest.raises(ClientError) as caught:
        write()
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    assert s3.head_object(Bucket=bucket, Key=key)["VersionId"] == first["VersionId"]


def test_a_copy_of_a_version_has_those_bytes_and_their_checksum(s3: Any, bucket: str) -> None:
    first = put(s3, bucket, "versions/origin", b"one")["VersionId"]
    put(s3, bucket, "versions/origin", b"two")
    source = {"Bucket": bucket, "Key": "versions/origin", "VersionId": first}
    copied = s3.copy_object(Bucket=bucket, Key="versions/copy", CopySource=source, ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == sha256(b"one")
    got = s3.get_object(Bucket=bucket, Key="versions/copy", VersionId=copied["VersionId"], ChecksumMode="ENABLED")
    assert (got["Body"].read(), got["ChecksumSHA256"]) == (b"one", sha256(b"one"))


def begun(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256")
    return {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}


def test_a_copied_part_answers_with_its_checksum_and_the_object_has_that_of_all_parts(s3: Any, bucket: str) -> None:
    put(s3, bucket, "versions/whole", b"one")
    upload = begun(s3, bucket, "versions/parts")

    part = s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/versions/whole")["CopyPartResult"]

    assert part["ChecksumSHA256"] == sha256(b"one")
    of_part = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [of_part]}, IfNoneMatch="*")
    twice = sha256(hashlib.sha256(b"one").digest()) + "-1"
    head = s3.head_object(Bucket=bucket, Key="versions/parts", ChecksumMode="ENABLED")
    assert (done["ChecksumSHA256"], head["ChecksumSHA256"], head["ChecksumType"]) == (twice, twice, "COMPOSITE")
    assert done["VersionId"] == head["VersionId"]


def test_an_upload_with_checksums_is_not_completed_without_those_of_its_parts(s3: Any, bucket: str) -> None:
    put(s3, bucket, "versions/whole", b"one")
    upload = begun(s3, bucket, "versions/unchecked")
    part = s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/versions/whole")["CopyPartResult"]

    with pytest.raises(ClientError, match="using a sha256 checksum.+missing for part 1") as caught:
        s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}, IfNoneMatch="*"
        )
    assert caught.value.response["Error"]["Code"] == "InvalidRequest"


def test_a_part_is_not_copied_from_the_bucket_of_another_owner_than_said(s3: Any, bucket: str) -> None:
    put(s3, bucket, "versions/whole", b"one")
    upload = begun(s3, bucket, "versions/foreign")
    source = {"PartNumber": 1, "CopySource": f"{bucket}/versions/whole"}

    with pytest.raises(ClientError) as caught:
        s3.upload_part_copy(**upload, **source, ExpectedSourceBucketOwner="999999999999")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert s3.upload_part_copy(**upload, **source, ExpectedSourceBucketOwner="111111111111")["CopyPartResult"]
