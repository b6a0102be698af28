"""An object is copied inside its bucket as conditionally, and as verified, as it is uploaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.errors import PublishError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.faulty_client import FaultyClient

pytestmark = pytest.mark.local_cloud

FOLDER = "copies"
LAYER = b"a layer" * 1000
PARTS = ["create_multipart_upload", "upload_part_copy", "complete_multipart_upload"]


@pytest.fixture(scope="module")
def s3(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    return client_of(local_cloud, local_config.devops, "s3")


@pytest.fixture
def faulty(s3: Any, local_config: WorkspaceConfig) -> Iterator[FaultyClient]:
    yield FaultyClient(s3)
    for item in s3.list_objects_v2(Bucket=local_config.devops.bucket, Prefix=FOLDER).get("Contents", []):
        s3.delete_object(Bucket=local_config.devops.bucket, Key=item["Key"])


@pytest.fixture
def bucket(faulty: FaultyClient, local_config: WorkspaceConfig) -> Bucket:
    devops = local_config.devops
    bucket = Bucket(faulty, devops.bucket, devops.account_id, retrying=Retrying(sleep=lambda _: None))
    bucket.put_new(f"{FOLDER}/one", LAYER)
    faulty.calls.clear()
    return bucket


def item(name: str = "two", body: bytes = LAYER) -> PublishedObject:
    return PublishedObject(key=f"{FOLDER}/{name}", sha256=hashlib.sha256(body).hexdigest(), size=len(body))


def operations(faulty: FaultyClient) -> list[str]:
    return [operation for operation, _ in faulty.calls]


def test_a_copy_has_the_bytes_its_sha256_and_a_version_and_sends_nothing(bucket: Bucket, faulty: FaultyClient) -> None:
    written = bucket.copy_new(item(), f"{FOLDER}/one")

    assert operations(faulty) == PARTS
    assert not any("Body" in parameters for _, parameters in faulty.calls)
    looked, stored = bucket.head(item().key), bucket.get(item().key)
    assert written is not None and looked is not None and stored is not None
    assert (looked.sha256, looked.size, stored.body) == (item().sha256, len(LAYER), LAYER)
    assert written.version_id == looked.version_id != ""
    assert bucket.put_new(item().key, LAYER) == written


def test_a_copy_of_a_copy_is_one_too(bucket: Bucket) -> None:
    bucket.copy_new(item(), f"{FOLDER}/one")

    assert bucket.copy_new(item("three"), item().key) is not None
    looked = bucket.head(item("three").key)
    assert looked is not None and looked.sha256 == item().sha256


def test_each_call_names_both_owners(bucket: Bucket, faulty: FaultyClient, local_config: WorkspaceConfig) -> None:
    bucket.copy_new(item(), f"{FOLDER}/one")

    owner = local_config.devops.account_id
    assert all(parameters["ExpectedBucketOwner"] == owner for _, parameters in faulty.calls)
    assert faulty.calls[1][1]["ExpectedSourceBucketOwner"] == owner


@pytest.mark.parametrize("source", ["other", "nothing"])
def test_what_has_other_bytes_or_none_takes_no_key(bucket: Bucket, source: str) -> None:
    bucket.put_new(f"{FOLDER}/other", b"other")

    assert bucket.copy_new(item(), f"{FOLDER}/{source}") is None
    assert bucket.head(item().key) is None


def test_a_key_that_is_taken_stays_as_it_is(bucket: Bucket) -> None:
    first = bucket.put_new(item().key, b"other")

    assert bucket.copy_new(item(), f"{FOLDER}/one") is None
    looked = bucket.head(item().key)
    assert first is not None and looked is not None and looked.version_id == first.version_id


def test_equal_bytes_under_the_key_are_success(bucket: Bucket) -> None:
    assert bucket.put_new(item().key, LAYER) == bucket.copy_new(item(), f"{FOLDER}/one")


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("operation", PARTS)
def test_a_lost_answer_is_settled(bucket: Bucket, faulty: FaultyClient, operation: str, applied: bool) -> None:
    before = len(list(bucket.earlier(item().key)))
    faulty.lose(operation, applied=applied)

    written = bucket.copy_new(item(), f"{FOLDER}/one")

    looked = bucket.head(item().key)
    assert written is not None and looked is not None
    assert (written.version_id, looked.sha256) == (looked.version_id, item().sha256)
    assert len(list(bucket.earlier(item().key))) == before


@pytest.mark.parametrize(("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503)])
def test_a_conflict_and_a_throttled_call_are_tried_again(
    bucket: Bucket, faulty: FaultyClient, code: str, status: int
) -> None:
    faulty.fail("complete_multipart_upload", code=code, status=status)

    assert bucket.copy_new(item(), f"{FOLDER}/one") is not None


def test_an_upload_that_a_repeated_request_has_completed_is_there(bucket: Bucket, faulty: FaultyClient) -> None:
    faulty.fail("complete_multipart_upload", code="NoSuchUpload", status=404)
    assert bucket.copy_new(item(), f"{FOLDER}/one") is None
    written = bucket.put_new(item().key, LAYER)

    faulty.fail("complete_multipart_upload", code="NoSuchUpload", status=404)
    assert bucket.copy_new(item(), f"{FOLDER}/one") == written


def test_without_a_checksum_of_the_part_nothing_takes_the_key(bucket: Bucket, faulty: FaultyClient) -> None:
    def silent(answer: Any) -> Any:
        del answer["CopyPartResult"]["ChecksumSHA256"]
        return answer

    faulty.answer("upload_part_copy", silent)

    assert bucket.copy_new(item(), f"{FOLDER}/one") is None
    assert bucket.head(item().key) is None


def test_what_may_not_be_read_is_an_error(bucket: Bucket, faulty: FaultyClient) -> None:
    faulty.fail("upload_part_copy", code="AccessDenied", status=403)

    with pytest.raises(PublishError, match="told to fail"):
        bucket.copy_new(item(), f"{FOLDER}/one")


def test_a_sha256_that_somebody_wrote_into_the_metadata_counts_only_if_the_checksum_proves_it(
    bucket: Bucket, s3: Any, local_config: WorkspaceConfig
) -> None:
    bucket.put_new(f"{FOLDER}/other", b"other")
    upload = {"Bucket": local_config.devops.bucket, "Key": item().key}
    said = {"ChecksumAlgorithm": "SHA256", "Metadata": {"sha256": item().sha256}}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **said)["UploadId"]
    source = f"{local_config.devops.bucket}/{FOLDER}/other"
    part = s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"]
    sent = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [sent]})

    looked = bucket.head(item().key)
    assert looked is not None and looked.sha256 == ""
    assert bucket.put_new(item().key, LAYER) is None


def test_a_copy_whose_bytes_are_not_those_of_its_checksum_is_damaged(bucket: Bucket, faulty: FaultyClient) -> None:
    bucket.copy_new(item(), f"{FOLDER}/one")
    faulty.answer("get_object", lambda answer: {**answer, "ChecksumSHA256": f"{'A' * 43}=-1"})

    with pytest.raises(PublishError, match="but the bucket recorded A"):
        bucket.get(item().key)
