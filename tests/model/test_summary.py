"""A summary counts only as far as the listing says that it is what lies there."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
import zlib

import pytest

from multi_env_lambda.errors import DocumentError
from multi_env_lambda.model.summary import LARGEST, pack, proven, summary_of, unpack


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


ONE, TWO = b'{"format":2,"n":1}', b'{"format":2,"n":2}'
SUMMARY = summary_of({"a": (etag(ONE), ONE), "b": (etag(TWO), TWO)})


def test_what_the_listing_has_is_proven() -> None:
    assert proven(SUMMARY, {"a": etag(ONE), "b": etag(TWO)}, where="s") == {"a": ONE, "b": TWO}


def test_what_changed_since_and_what_is_gone_is_not() -> None:
    assert proven(SUMMARY, {"a": etag(b"{}")}, where="s") == {}


def test_a_forged_body_under_the_right_etag_is_not_believed() -> None:
    forged = pack({"records": {"a": {"etag": etag(ONE), "body": TWO.decode()}}})

    assert proven(forged, {"a": etag(ONE)}, where="s") == {}


def test_an_etag_that_is_no_md5_is_compared_with_the_one_that_was_noted() -> None:
    noted = summary_of({"a": ("kms-7", ONE)})

    assert proven(noted, {"a": "kms-7"}, where="s") == {"a": ONE}
    assert proven(noted, {"a": "kms-8"}, where="s") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not gzip",
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"format":9,"records":{}}', mtime=0),
        pack({"records": {"a": 1, "b": {"body": 3}, "c": {"body": "\ud800"}}}),
        pack({"records": []}),
    ],
    ids=["empty", "not gzip", "a list", "a newer format", "no records", "a list of records"],
)
def test_a_summary_that_is_none_proves_nothing(body: bytes) -> None:
    assert proven(body, {"a": etag(ONE), "b": "x", "c": "y"}, where="s") == {}


def test_a_text_that_grows_beyond_all_measure_is_refused_in_bounded_memory() -> None:
    deflate = zlib.compressobj(level=1, wbits=31)
    block = b" " * (LARGEST // 4)
    bomb = b"".join([*(deflate.compress(block) for _ in range(24)), deflate.flush()])
    tracemalloc.start()
    try:
        with pytest.raises(
            DocumentError, match=f"^projects/a/published.json.gz: .* more than the limit of {LARGEST:,} bytes"
        ):
            unpack(bomb, where="projects/a/published.json.gz", kind="an index")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 3 * LARGEST, "six times as much would have come out"
