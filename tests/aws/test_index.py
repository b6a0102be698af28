"""The index of published names spares calls and is never a truth; what has a SHA-256 is compared at each use."""

from __future__ import annotations

import gzip
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.index import list_published, read_published, read_release, read_template, save_published
from multi_env_lambda.errors import DocumentError, PublishError
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.published import Published, PublishedName, index_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.memory import MemoryStore
from tests.flow.worlds import chain, deploy


def name(digest: str, *keys: str) -> PublishedName:
    objects = tuple(PublishedObject(key=key, sha256="a" * 64, size=1) for key in keys)
    return PublishedName(digest=digest, objects=objects)


ONE = Published(sources={"0.1.0": name("d1", "projects/orders/lambda/source/0.1.0/x.whl")})
TWO = Published(sources={"0.1.0.post1": name("d2")}, layers={1: name("l1")})


def test_names_are_read_as_they_were_saved_with_one_call() -> None:
    store = MemoryStore()
    save_published(store, "orders", Published(), ONE)
    store.reads.clear()

    found = read_published(store, "orders")

    assert (found.sources, found.layers, len(store.reads)) == (ONE.sources, {}, 1)


def test_of_two_who_save_at_once_neither_is_lost() -> None:
    store = MemoryStore()
    save_published(store, "orders", Published(), ONE)
    stale = attrs.evolve(Published(), etag="another")
    save_published(store, "orders", stale, TWO)

    found = read_published(store, "orders")

    assert (sorted(found.sources), sorted(found.layers)) == (["0.1.0", "0.1.0.post1"], [1])


@pytest.mark.parametrize("junk", [b"", b"junk", b'{"format":2}', b"\x1f\x8b", gzip.compress(b'{"format":9}', mtime=0)])
def test_an_index_that_is_none_is_made_anew_from_the_bucket(tmp_path: Path, junk: bytes) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    key = index_key("search")
    fake.store.replace(key, junk, etag=fake.store.objects[key].etag)
    fake.tree.content["search"] = "s2"

    assert deploy(fake)["search"].version == "0.1.0.post1"
    assert sorted(read_published(fake.store, "search").sources) == ["0.1.0", "0.1.0.post1"]
    assert fake.store.objects[key].body != junk


def test_an_index_that_somebody_deleted_is_made_anew(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    del fake.store.objects[index_key("search")]
    fake.tree.content["search"] = "s2"

    assert deploy(fake)["search"].version == "0.1.0.post1"
    assert sorted(read_published(fake.store, "search").sources) == ["0.1.0", "0.1.0.post1"]


def test_an_index_that_claims_what_is_not_there_costs_a_look(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    before = read_published(fake.store, "search")
    fake.tree.content["search"] = "s2"
    made = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).made["search"].release
    forged = PublishedName(digest=made.source.digest, objects=made.source.objects)
    save_published(fake.store, "search", before, Published(sources={made.version: forged}))

    result = deploy(fake)["search"]

    assert (result.outcome, result.release) == ("deployed", made.digest)
    assert made.source.wheel_key in fake.store.objects


def test_an_index_that_is_behind_is_caught_up_by_who_takes_the_name(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    old = fake.store.objects[index_key("search")]
    fake.tree.content["search"] = "s2"
    deploy(fake)
    now = fake.store.objects[index_key("search")]
    fake.store.replace(index_key("search"), old.body, etag=now.etag)
    fake.tree.content["search"] = "s3"

    first, second = deploy(fake)["search"], deploy(fake)["search"]

    assert (first.outcome, first.error) == ("failed", "PlanStale")
    assert (second.outcome, second.version) == ("deployed", "0.1.0.post2")


def test_the_index_says_what_the_listing_says(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    indexed, listed = read_published(fake.store, "search"), list_published(fake.store, "search")

    assert (indexed.source_digests, indexed.objects) == (listed.source_digests, listed.objects)


def test_a_name_that_the_index_does_not_know_is_found_when_it_is_taken(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    wheel = "projects/search/lambda/source/0.1.0.post1/search-0.1.0.post1-py3-none-any.whl"
    fake.store.put_new(wheel, b"somebody else's", {"digest": "theirs"})
    fake.tree.content["search"] = "s2"

    first = deploy(fake)["search"]
    second = deploy(fake)["search"]

    assert (first.error, second.outcome, second.version) == ("PlanStale", "deployed", "0.1.0.post2")


@pytest.mark.parametrize("place", ["cache", "bucket"])
@pytest.mark.parametrize("what", ["manifest.json", "sandbox.template.json"])
def test_changed_bytes_are_never_returned(tmp_path: Path, place: str, what: str) -> None:
    fake = chain(tmp_path / "one")
    deploy(fake)
    key = next(key for key in fake.store.objects if key.startswith("projects/search/") and key.endswith(what))
    digest, cache = key.split("/")[3], tmp_path / "one" if place == "cache" else tmp_path / "fresh"
    if place == "cache":
        path = cache / "published" / key
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    else:
        fake.store.objects[key] = attrs.evolve(fake.store.objects[key], body=fake.store.objects[key].body[:-1] + b"x")

    def look() -> str:
        release = read_release(fake.store, cache, "search", digest)
        return read_template(fake.store, cache, release, "sandbox")

    if place == "cache":
        assert look().startswith("{")
    else:
        with pytest.raises(DocumentError, match="its bytes have the SHA-256 .*, expected the released") as caught:
            look()
        assert caught.value.where == key


def test_a_template_of_an_environment_that_came_later_is_asked_for_by_name(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    release = read_release(fake.store, tmp_path, "search", fake.world.ledger.records("sandbox")["search"].release or "")

    with pytest.raises(PublishError, match="was not made for moon"):
        read_template(fake.store, tmp_path, release, "moon")
