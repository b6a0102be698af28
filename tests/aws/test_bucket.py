"""What is published is written once, verified, and settled by reading back when the answer is lost."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.errors import AccountError, PlanStale, PublishError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.store import ObjectStore, Written
from multi_env_lambda.testing.lease import FakeHeld
from tests.tools.faulty_client import FaultyClient

OWNER = "123456789012"
DEVOPS = Devops(account_id=OWNER, region="us-east-1", bucket="acme-artifacts")


@pytest.fixture(scope="module")
def mocked_client() -> Any:
    """One client for all tests: making one costs more than a test. It only answers inside of ``mock_aws``."""
    import boto3
    import moto  # noqa: F401  # what it adds to botocore must be there before the client is

    session = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client("s3", endpoint_url="https://s3.us-east-1.amazonaws.com")


@pytest.fixture
def s3(aws_environment: dict[str, str], mocked_client: Any) -> Iterator[Any]:
    from moto import mock_aws

    with mock_aws():
        mocked_client.create_bucket(Bucket=DEVOPS.bucket)
        yield mocked_client


class SmallPages:
    """Lists two objects at a time."""

    def __init__(self, client: Any) -> None:
        self.list_objects_v2 = lambda **parameters: client.list_objects_v2(MaxKeys=2, **parameters)
        self.put_object = client.put_object


@pytest.fixture
def faulty(s3: Any) -> FaultyClient:
    return FaultyClient(s3)


@pytest.fixture
def bucket(faulty: FaultyClient) -> Bucket:
    return Bucket(faulty, DEVOPS.bucket, OWNER, retrying=Retrying(sleep=lambda _: None))


def etag_of(answer: Written | None) -> str:
    assert answer is not None
    return answer.etag


def test_a_bucket_is_an_object_store(bucket: Bucket) -> None:
    store: ObjectStore = bucket
    assert store.get("nothing") is None and store.head("nothing") is None


def test_what_was_put_is_read_back(bucket: Bucket) -> None:
    etag = etag_of(bucket.put_new("a/b", b"bytes", {"digest": "d1"}))
    stored = bucket.get("a/b")
    assert stored is not None
    assert (stored.body, stored.etag, stored.metadata) == (b"bytes", etag, {"digest": "d1"})
    looked = bucket.head("a/b")
    assert looked is not None
    assert (looked.metadata, looked.size, looked.etag) == ({"digest": "d1"}, 5, etag)


def test_a_key_is_taken_only_once(bucket: Bucket) -> None:
    first = bucket.put_new("k", b"one")
    assert bucket.put_new("k", b"two") is None
    assert bucket.put_new("k", b"one") == first
    stored = bucket.get("k")
    assert stored is not None and stored.body == b"one"


def test_other_bytes_of_the_same_length_are_other_bytes(bucket: Bucket) -> None:
    bucket.put_new("k", b"one")
    assert bucket.put_new("k", b"two") is None


@pytest.mark.parametrize("applied", [True, False])
def test_a_file_is_sent_in_pieces_and_from_its_beginning_after_a_lost_answer(
    bucket: Bucket, faulty: FaultyClient, tmp_path: Path, applied: bool
) -> None:
    path = tmp_path / "layer.zip"
    path.write_bytes(b"layer" * 5000)
    faulty.lose("put_object", applied=applied)
    first = bucket.put_new("k", path)

    sent = [parameters["Body"] for operation, parameters in faulty.calls if operation == "put_object"]
    assert len(sent) == 2 and not any(isinstance(body, bytes) for body in sent)
    stored = bucket.get("k")
    assert first is not None and stored is not None and stored.body == b"layer" * 5000
    assert bucket.put_new("k", path) == first == bucket.put_new("k", b"layer" * 5000)
    path.write_bytes(b"other")
    assert bucket.put_new("k", path) is None


class Telling:
    """Answers a HEAD as S3 does: with the SHA-256 that was sent with the object. moto leaves it out.

    ``parts``: it was uploaded in so many, so that the checksum is one over those of the parts.
    """

    def __init__(self, client: Any, *, parts: int = 0) -> None:
        self._client = client
        self._parts = parts

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def head_object(self, ChecksumMode: str = "", **parameters: Any) -> Any:
        answer = self._client.head_object(**parameters)
        body = self._client.get_object(**parameters)["Body"].read()
        digest = hashlib.sha256(body).digest()
        if self._parts:
            digest = hashlib.sha256(digest).digest()
        checksum = base64.b64encode(digest).decode() + (f"-{self._parts}" if self._parts else "")
        return {**answer, **({"ChecksumSHA256": checksum} if ChecksumMode == "ENABLED" else {})}


def test_who_finds_a_name_taken_has_it_only_if_s3_tells_the_sha256_of_the_same_bytes(s3: Any) -> None:
    client = FaultyClient(Telling(s3))
    bucket = Bucket(client, DEVOPS.bucket, OWNER)
    first = bucket.put_new("k", b"one")

    assert bucket.put_new("k", b"two") is None
    assert bucket.replace("k", b"six", etag='"old"') is None
    assert bucket.put_new("k", b"one") == first
    assert "get_object" not in [operation for operation, _ in client.calls]


def test_a_checksum_over_parts_tells_nothing_and_the_bytes_are_compared(s3: Any) -> None:
    bucket = Bucket(FaultyClient(Telling(s3, parts=2)), DEVOPS.bucket, OWNER)
    first = bucket.put_new("k", b"one")

    assert bucket.put_new("k", b"two") is None
    assert bucket.put_new("k", b"one") == first


def test_a_replacement_needs_the_current_etag(bucket: Bucket) -> None:
    first = etag_of(bucket.put_new("k", b"one"))
    second = bucket.replace("k", b"two", etag=first)
    assert second is not None and second.etag != first
    assert bucket.replace("k", b"three", etag=first) is None
    assert bucket.replace("k", b"two", etag=first) == second


def test_what_is_gone_cannot_be_replaced(bucket: Bucket) -> None:
    assert bucket.replace("never", b"x", etag='"e"') is None


def test_a_deletion_needs_the_current_etag(bucket: Bucket) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    assert bucket.delete("k", etag='"another"', held=FakeHeld()) is False
    assert bucket.delete("k", etag=etag, held=FakeHeld()) is True
    assert bucket.get("k") is None


def test_a_store_without_conditional_deletes_is_compared_first(bucket: Bucket, faulty: FaultyClient) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    faulty.fail("delete_object", code="NotImplemented", status=501, times=2)
    assert bucket.delete("k", etag='"another"', held=FakeHeld()) is False
    assert bucket.delete("k", etag=etag, held=FakeHeld()) is True
    assert bucket.get("k") is None


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_new_object_is_settled(bucket: Bucket, faulty: FaultyClient, applied: bool) -> None:
    faulty.lose("put_object", applied=applied)
    assert bucket.put_new("k", b"one") is not None
    assert [line.key for line in bucket.list("")] == ["k"]


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_replacement_is_settled(bucket: Bucket, faulty: FaultyClient, applied: bool) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    faulty.lose("put_object", applied=applied)
    new = etag_of(bucket.replace("k", b"two", etag=etag))
    stored = bucket.get("k")
    assert stored is not None and (stored.body, stored.etag) == (b"two", new)


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_deletion_is_settled(bucket: Bucket, faulty: FaultyClient, applied: bool) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    faulty.lose("delete_object", applied=applied)
    assert bucket.delete("k", etag=etag, held=FakeHeld()) is True
    assert bucket.get("k") is None


@pytest.mark.parametrize(
    ("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503), ("InternalError", 500)]
)
def test_what_asks_for_a_repetition_is_repeated(bucket: Bucket, faulty: FaultyClient, code: str, status: int) -> None:
    faulty.fail("put_object", code=code, status=status, times=3)
    assert bucket.put_new("k", b"one") is not None


def test_repetition_ends(bucket: Bucket, faulty: FaultyClient) -> None:
    faulty.fail("put_object", code="InternalError", status=500, times=99)
    with pytest.raises(PublishError, match="InternalError"):
        bucket.put_new("k", b"one")


def test_a_denial_is_not_repeated_and_names_the_owner(bucket: Bucket, faulty: FaultyClient) -> None:
    faulty.fail("put_object", code="AccessDenied", status=403)
    with pytest.raises(PublishError) as caught:
        bucket.put_new("k", b"one")
    assert caught.value.where == "s3://acme-artifacts/k" and OWNER in caught.value.hint


def test_a_denial_without_a_text_names_the_right_that_is_missing(bucket: Bucket, faulty: FaultyClient) -> None:
    """S3 answers HEAD without a body."""
    faulty.fail("head_bucket", code="403", status=403)
    with pytest.raises(PublishError) as caught:
        bucket.now()
    assert OWNER in caught.value.hint and "has this role s3:ListBucket?" in caught.value.hint


def test_credentials_that_ran_out_are_an_account_error(bucket: Bucket, faulty: FaultyClient) -> None:
    faulty.fail("put_object", code="ExpiredToken", status=400)
    with pytest.raises(AccountError):
        bucket.put_new("k", b"one")


def test_a_missing_bucket_is_explained(s3: Any) -> None:
    with pytest.raises(PublishError, match="NoSuchBucket") as caught:
        Bucket(s3, "nobodys-bucket", OWNER).put_new("k", b"x")
    assert "bootstrap" in caught.value.hint


def test_a_listing_has_all_pages_in_order(s3: Any) -> None:
    bucket = Bucket(SmallPages(s3), DEVOPS.bucket, OWNER)
    keys = [f"p/{number}" for number in range(5)]
    for key in [*reversed(keys), "q/0"]:
        bucket.put_new(key, b"")
    assert [line.key for line in bucket.list("p/")] == keys


def test_every_call_names_the_owner_and_every_put_its_checksum(bucket: Bucket, faulty: FaultyClient) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    bucket.put_new("k", b"two")
    bucket.replace("k", b"three", etag=etag)
    bucket.get("k"), bucket.head("k"), list(bucket.list("")), bucket.folders(""), bucket.now()
    bucket.delete("k", etag="x", held=FakeHeld())
    assert {call["ExpectedBucketOwner"] for _, call in faulty.calls} == {OWNER}
    puts = [call for operation, call in faulty.calls if operation == "put_object"]
    assert len(puts) == 3 and all("ChecksumSHA256" in call for call in puts)


class Dated:
    """Answers with these dates, in seconds since 1970, one after the other; the last one for ever."""

    def __init__(self, *dates: int) -> None:
        self.dates = list(dates)

    def head_bucket(self, **_: Any) -> dict[str, Any]:
        seconds = self.dates.pop(0) if len(self.dates) > 1 else self.dates[0]
        return {"ResponseMetadata": {"HTTPHeaders": {"date": formatdate(seconds, usegmt=True)}}}

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {**self.head_bucket(), "ETag": '"e"', "ContentLength": 0}


def dated(*dates: int, clock: Callable[[], float] = lambda: 0.0) -> Bucket:
    return Bucket(Dated(*dates), "b", OWNER, clock=clock)


def test_the_time_is_the_stores_own() -> None:
    assert dated(100).now() == 100.0


@pytest.mark.parametrize("wrong", [0, 1, 2, 3, 4])
def test_one_answer_with_a_wrong_date_does_not_put_the_time_ahead(wrong: int) -> None:
    dates = [100] * 5
    dates[wrong] = 1300
    bucket = dated(*dates)
    seen = []
    for _ in dates:
        bucket.head("k")
        seen.append(bucket.now())

    assert seen == [100.0] * 5


def test_the_time_goes_on_between_two_answers() -> None:
    ours = [50.0]
    bucket = dated(100, clock=lambda: ours[0])
    bucket.now()
    ours[0] += 61

    assert bucket.now() == 161.0


def test_a_clock_of_ours_that_stood_still_is_corrected_after_three_answers() -> None:
    bucket = dated(100, 100, 4000)
    assert bucket.now() == 100.0
    for _ in range(3):
        bucket.head("k")

    assert bucket.now() == 4000.0


def test_folders_are_the_names_right_below(bucket: Bucket) -> None:
    for key in ("environments/prod/current/a.json", "environments/prod/x", "environments/test/x", "environments/x"):
        bucket.put_new(key, b"")

    assert bucket.folders("environments/") == ("prod", "test")
    assert bucket.folders("nothing/") == ()


def test_folders_are_listed_through_all_pages(s3: Any) -> None:
    bucket = Bucket(SmallPages(s3), DEVOPS.bucket, OWNER)
    names = tuple(f"e{number}" for number in range(5))
    for name in names:
        bucket.put_new(f"environments/{name}/x", b"")

    assert bucket.folders("environments/") == names


@pytest.mark.parametrize("status", [500, 409, 501])
def test_a_lease_that_is_lost_between_two_tries_of_a_deletion_ends_it(
    bucket: Bucket, faulty: FaultyClient, status: int
) -> None:
    etag = etag_of(bucket.put_new("k", b"one"))
    faulty.fail("delete_object", code="Told", status=status)

    class LostSoon(FakeHeld):
        def make_sure(self) -> None:
            self.lost = bool(self.looks)
            super().make_sure()

    held = LostSoon()
    with pytest.raises(PlanStale):
        bucket.delete("k", etag=etag, held=held)
    assert bucket.get("k") is not None


def test_damaged_bytes_are_refused(bucket: Bucket, faulty: FaultyClient) -> None:
    bucket.put_new("k", b"one")
    faulty.answer("get_object", lambda answer: {**answer, "ChecksumSHA256": "bm90IHRoZSBjaGVja3N1bQ=="})
    with pytest.raises(PublishError, match="SHA-256"):
        bucket.get("k")
