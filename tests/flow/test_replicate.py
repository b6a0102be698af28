"""What AWS takes in another region is copied there, compared, and deleted with what it is a copy of."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import DocumentError, PublishError
from multi_env_lambda.flow.publish import claim
from multi_env_lambda.flow.replicate import abandoned_copies, delete_replicas, replicate
from multi_env_lambda.model.release import Release
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.world import World

from .worlds import chain, deploy

THERE = "eu-central-1"


def two(tmp_path: Path) -> tuple[World, MemoryStore, MemoryStore, Release]:
    """A world whose last environment is elsewhere, both stores, and a release that is published."""
    fake = chain(tmp_path)
    deploy(fake)
    copies = MemoryStore()
    *others, last = fake.world.config.environments
    config = attrs.evolve(fake.world.config, environments=(*others, attrs.evolve(last, region=THERE)))
    world = attrs.evolve(fake.world, config=config, elsewhere=lambda _: copies)
    record = world.ledger.records("sandbox")["orders"]
    assert record.release is not None
    body = fake.store.objects[f"projects/orders/release/{record.release}/manifest.json"].body
    return world, fake.store, copies, Release.from_bytes(body, where="m")


def test_at_home_nothing_is_copied_and_nothing_is_asked(tmp_path: Path) -> None:
    world, home, copies, release = two(tmp_path)
    receipts = claim(world, release, None)
    home.reads.clear()

    assert replicate(world, release, receipts, world.config.devops.region) == receipts
    assert (home.reads, copies.writes) == ([], [])


def test_code_is_copied_once_and_its_version_is_that_of_the_copy(tmp_path: Path) -> None:
    world, home, copies, release = two(tmp_path)
    receipts = claim(world, release, None)

    there = replicate(world, release, receipts, THERE)
    home.reads.clear()
    again = replicate(world, release, receipts, THERE)
    assert home.reads == []
    key = release.source.wheel_key
    assert there == again and list(copies.objects) == [key] and len(copies.writes) == 1
    assert there[key].version_id == copies.objects[key].version_id
    assert copies.objects[key].body == home.objects[key].body


def test_a_copy_that_was_changed_is_made_again_from_the_first_bucket(tmp_path: Path) -> None:
    world, home, copies, release = two(tmp_path)
    key = release.source.wheel_key
    copies.put_new(key, b"other bytes")
    changed = copies.objects[key].version_id

    there = replicate(world, release, claim(world, release, None), THERE)

    assert copies.objects[key].body == home.objects[key].body
    assert there[key].version_id == copies.objects[key].version_id != changed


def test_a_copy_that_somebody_goes_on_changing_is_refused_with_its_bucket_and_region(tmp_path: Path) -> None:
    world, _, _, release = two(tmp_path)

    class Changed(MemoryStore):
        def replace(self, key: str, body: bytes, *, etag: str) -> None:
            return None

    copies = Changed()
    copies.put_new(release.source.wheel_key, b"other bytes")
    world = attrs.evolve(world, elsewhere=lambda _: copies)
    place = world.config.devops.at(THERE)

    with pytest.raises(DocumentError) as caught:
        replicate(world, release, claim(world, release, None), THERE)
    assert caught.value.where == f"{release.source.wheel_key} in {place.bucket} ({THERE})"
    assert f"delete it in {place.bucket}" in caught.value.hint


def test_only_bytes_that_were_released_are_copied(tmp_path: Path) -> None:
    world, home, copies, release = two(tmp_path)
    receipts, key = claim(world, release, None), release.source.wheel_key
    home.objects[key].body = b"other bytes"

    with pytest.raises(DocumentError, match=r"in artifacts \(us-east-1\): its bytes"):
        replicate(world, release, receipts, THERE)
    del home.objects[key]
    with pytest.raises(PublishError, match="not in the bucket"):
        replicate(world, release, receipts, THERE)
    assert copies.writes == []


def test_copies_go_with_what_they_are_copies_of(tmp_path: Path) -> None:
    world, _, copies, release = two(tmp_path)
    replicate(world, release, claim(world, release, None), THERE)
    delete_replicas(world, release.source.wheel_key, FakeHeld())

    assert copies.objects == {}


def test_copies_of_a_region_that_no_environment_has_any_more_are_found(tmp_path: Path) -> None:
    world, _, copies, release = two(tmp_path)
    regions = {world.config.devops.region, THERE}
    replicate(world, release, claim(world, release, None), THERE)
    assert abandoned_copies(world, regions) == (), "prod is there"

    home = tuple(attrs.evolve(place, region=world.config.devops.region) for place in world.config.environments)
    moved = attrs.evolve(world, config=attrs.evolve(world.config, environments=home))
    assert [place.region for place in abandoned_copies(moved, regions)] == [THERE]
    copies.objects.clear()
    assert abandoned_copies(moved, regions) == ()
