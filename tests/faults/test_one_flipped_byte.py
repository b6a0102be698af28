"""One byte is flipped in each object of the bucket, and in each file of the cache, in turn: nothing wrong is ever
deployed, whatever is wrong is named by its key, and the other units go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.observe import read_all
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

PROMOTE = Request(verb="promote", target="test")
UNITS = ("orders", "search")


def two_units(folder: Path) -> FakeWorld:
    """Deployed twice in the first environment; the next one has the release before."""
    fake = fake_world(FakeTree(content={"orders": "o1", "search": "s1"}), folder)
    run(fake, Request(verb="deploy", target="test", through=True))
    fake.tree.content |= {"orders": "o2", "search": "s2"}
    run(fake, Request(verb="deploy", target="sandbox"))
    return fake


def run(fake: FakeWorld, ask: Request) -> dict[str, Result]:
    results = pipeline.apply(fake.world, pipeline.plan(fake.world, ask))
    return {item.project: item for item in results if item.environment == ask.target}


def flipped(body: bytes, place: Callable[[int], int]) -> bytes:
    position = place(len(body))
    return body[:position] + bytes([body[position] ^ 0x01]) + body[position + 1 :]


def keys_of(unit: str) -> list[str]:
    """What of a unit lies in the bucket once the story has been told; the digests are the same at each telling."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return sorted(key for key in two_units(Path(folder)).store.objects if f"/{unit}" in key)


PLACES: dict[str, Callable[[int], int]] = {
    "first": lambda size: 0,
    "middle": lambda size: size // 2,
    "last": lambda size: size - 1,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", keys_of("orders"))
def test_a_flipped_byte_in_the_bucket_deploys_nothing_wrong(tmp_path: Path, key: str, place: str) -> None:
    fake = two_units(tmp_path / "one")
    good = fake_world(fake.tree, tmp_path / "g", store=fake.store, platform=fake.platform)
    expected = pipeline.plan(good.world, PROMOTE).plan
    item = fake.store.objects[key]
    item.body, item.etag = flipped(item.body, PLACES[place]), "flipped"
    other = fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=fake.platform)

    results = run(other, PROMOTE)

    assert results["search"].outcome == "deployed"
    orders = results["orders"]
    if orders.outcome == "deployed":
        wanted = next(step.release.digest for step in expected.deploys if step.project == "orders")
        assert orders.release == wanted
    else:
        assert (orders.outcome in ("failed", "blocked"), key in orders.detail) == (True, True), orders


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", ["middle", *(pytest.param(place, marks=pytest.mark.long) for place in ("first", "last"))]
)
def test_a_flipped_byte_in_the_cache_changes_nothing(tmp_path: Path, place: str) -> None:
    files = 0
    number = 0
    while True:
        fake = two_units(tmp_path / f"{number}")
        paths = sorted(path for path in (tmp_path / f"{number}").rglob("*") if path.is_file() and path.stat().st_size)
        if number >= len(paths):
            break
        files += 1
        paths[number].write_bytes(flipped(paths[number].read_bytes(), PLACES[place]))

        results = run(fake, PROMOTE)

        outcomes = {name: (item.outcome, item.version) for name, item in results.items()}
        assert outcomes == {unit: ("deployed", "0.1.0.post1") for unit in UNITS}, paths[number]
        number += 1
    assert files > 20


@pytest.mark.parametrize(
    "junk", [b"", b"not json", b"[]", b'{"format":1}', "é".encode("latin-1"), b'{"format":99}', b"[" * 100_000]
)
def test_a_record_that_is_junk_stops_its_own_unit_and_is_shown(tmp_path: Path, junk: bytes) -> None:
    fake = two_units(tmp_path / "one")
    key = "environments/test/current/orders.json"
    fake.store.objects[key].body, fake.store.objects[key].etag = junk, "junk"
    other = fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=fake.platform)

    results = run(other, PROMOTE)
    recorded = read_all(other.world, other.world.config.environments)

    assert (results["search"].outcome, results["orders"].outcome) == ("deployed", "blocked")
    assert results["orders"].detail.startswith(f"{key}: ")
    assert list(recorded.unreadable) == [("test", "orders")]


def test_a_record_of_a_newer_version_says_upgrade(tmp_path: Path) -> None:
    fake = two_units(tmp_path)
    key = "environments/test/current/orders.json"
    fake.store.objects[key].body, fake.store.objects[key].etag = b'{"format":3}', "newer"

    blocked = run(fake, PROMOTE)["orders"]

    assert (blocked.error, blocked.hint) == ("UpgradeNeeded", "upgrade multi_env_lambda")


def test_what_a_later_version_wrote_into_a_record_is_kept_by_this_one(tmp_path: Path) -> None:
    fake = two_units(tmp_path)
    key = "environments/test/current/orders.json"
    body = fake.store.objects[key].body
    fake.store.objects[key].body = body[:-1] + b',"colour":{"of":"tomorrow"}}'
    fake.store.objects[key].etag = "newer"

    assert run(fake, PROMOTE)["orders"].outcome == "deployed"
    assert Record.from_bytes(fake.store.objects[key].body, where=key).unknown == (("colour", '{"of": "tomorrow"}'),)
