"""What is in the bucket already is compared with the manifest before anything takes it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import DocumentError, PlanStale
from multi_env_lambda.flow.publish import compare
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.store import Looked
from multi_env_lambda.testing.memory import MemoryStore

from .worlds import chain, deploy

KEY = "projects/orders/lambda/source/0.1.0/orders-0.1.0-py3-none-any.whl"
WHEEL = PublishedObject(key=KEY, sha256=hashlib.sha256(b"wheel").hexdigest(), size=5)


class Silent(MemoryStore):
    """Tells no SHA-256: nobody gave it one, as with what was copied there by hand. ``meanwhile`` follows a look."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def head(self, key: str) -> Looked | None:
        found = super().head(key)
        self.meanwhile()
        return None if found is None else attrs.evolve(found, sha256="")


STORES = pytest.mark.parametrize("store", [MemoryStore(), Silent()], ids=["with checksums", "without"])


@STORES
def test_the_bytes_that_were_released_have_a_receipt_with_their_version(store: MemoryStore) -> None:
    written = store.put_new(KEY, b"wheel")
    found = compare(store, WHEEL)

    assert written is not None and found is not None
    assert (found.key, found.sha256, found.version_id) == (KEY, WHEEL.sha256, written.version_id)
    store.objects.clear()


@STORES
def test_other_bytes_are_refused_with_both_digests(store: MemoryStore) -> None:
    store.put_new(KEY, b"other")

    with pytest.raises(DocumentError) as caught:
        compare(store, WHEEL)
    assert caught.value.where == KEY
    assert hashlib.sha256(b"other").hexdigest() in caught.value.what and WHEEL.sha256 in caught.value.what
    store.objects.clear()


@STORES
def test_where_nothing_is_there_is_no_receipt(store: MemoryStore) -> None:
    assert compare(store, WHEEL) is None


def test_bytes_that_change_between_two_looks_are_no_receipt_for_the_version_that_was_seen() -> None:
    store = Silent()
    written = store.put_new(KEY, b"other")
    assert written is not None

    def meanwhile() -> None:
        store.replace(KEY, b"wheel", etag=written.etag)

    store.meanwhile = meanwhile  # type: ignore[method-assign]
    with pytest.raises(PlanStale, match="overwritten"):
        compare(store, WHEEL)


@pytest.mark.parametrize("name", ["manifest.json", "sandbox.template.json", "prod.template.json"])
def test_other_bytes_under_a_name_that_is_made_from_the_content_are_refused(tmp_path: Path, name: str) -> None:
    fake = chain(tmp_path)
    (step,) = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", only=("search",))).plan.deploys
    fake.store.put_new(f"{step.release.folder}/{name}", b'{"Resources":{}}')

    result = deploy(fake, only=("search",))["search"]

    assert (result.outcome, result.error) == ("failed", "DocumentError")
    assert ("sandbox", "search-sandbox") not in fake.platform.stacks
