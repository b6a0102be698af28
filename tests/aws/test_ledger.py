"""Leases: one winner, a loser that learns who, and holders that are dead, silent, or awake again."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease, Ledger
from multi_env_lambda.errors import Busy, PlanStale
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.record import Deployment, Holder, Record, summary_key
from multi_env_lambda.model.store import ObjectStore, Written
from multi_env_lambda.model.summary import pack, summary_of
from multi_env_lambda.testing.memory import MemoryStore
from tests.tools.faulty_client import FaultyClient

from .file_store import FileStore


def holder(name: str) -> Holder:
    return Holder(nonce=name, who=name, host="laptop", process="1 1", since="2026-01-01T10:00:00Z", fencing=0)


def deployment(release: str, sequence: int = 1) -> Deployment:
    return Deployment(
        sequence=sequence, action="deploy", outcome="succeeded", release=release, version="0.1.0", layer=None,
        who="ada", when="2026-01-01T10:00:00Z", commit="c",
    )  # fmt: skip


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ledger(store: MemoryStore, tmp_path: Path) -> Ledger:
    return Ledger(store, tmp_path)


def take(ledger: Ledger, name: str, running: str | None = None, dead: Holder | None = None) -> Lease:
    def is_dead(there: Holder) -> bool:
        return dead is not None and there.nonce == dead.nonce

    return ledger.acquire("prod", "orders", holder(name), running=running, is_dead=is_dead)


def finish(ledger: Ledger, lease: Lease, release: str) -> Record:
    entry = deployment(release, lease.record.next_sequence())
    return ledger.finish(lease, attrs.evolve(lease.record, running=entry, latest=entry))


def test_the_second_learns_who_holds_it_and_since_when(ledger: Ledger) -> None:
    take(ledger, "ada")

    with pytest.raises(Busy, match="ada on laptop has been deploying it since 2026-01-01T10:00:00Z, last seen 0 s ago"):
        take(ledger, "grace")


def test_another_unit_and_another_environment_are_free(ledger: Ledger) -> None:
    take(ledger, "ada")

    assert ledger.acquire("prod", "search", holder("grace"), running=None).fencing == 1
    assert ledger.acquire("test", "orders", holder("grace"), running=None).fencing == 1


def test_after_the_first_has_finished_the_second_may_go_on(ledger: Ledger) -> None:
    finish(ledger, take(ledger, "ada"), "r1")

    assert take(ledger, "grace", running="r1").fencing == 2


def test_a_plan_that_saw_another_release_is_stale(ledger: Ledger) -> None:
    finish(ledger, take(ledger, "ada"), "r1")

    with pytest.raises(PlanStale, match='planned against "nothing deployed", but r1 is running now'):
        take(ledger, "grace")


def test_a_lease_that_is_given_back_leaves_the_record_as_it_was(ledger: Ledger) -> None:
    finish(ledger, take(ledger, "ada"), "r1")
    ledger.release(take(ledger, "grace", running="r1"))

    record = ledger.records("prod")["orders"]
    assert (record.release, record.holder, record.fencing) == ("r1", None, 2)


@pytest.mark.parametrize(("age", "free"), [(LEASE_SECONDS, False), (LEASE_SECONDS + 1, True)])
def test_a_silent_holder_is_dead_after_the_lease_by_the_stores_clock(
    ledger: Ledger, store: MemoryStore, age: float, free: bool
) -> None:
    take(ledger, "ada")
    store.time += age

    if free:
        assert take(ledger, "grace").fencing == 2
    else:
        with pytest.raises(Busy):
            take(ledger, "grace")


def test_a_dead_holder_is_taken_over_well_within_90_seconds() -> None:
    assert LEASE_SECONDS + LEASE_SECONDS / 3 <= 90


def test_a_sign_of_life_keeps_the_lease(ledger: Ledger, store: MemoryStore) -> None:
    lease = take(ledger, "ada")
    store.time += LEASE_SECONDS
    ledger.renew(lease)
    store.time += LEASE_SECONDS

    with pytest.raises(Busy):
        take(ledger, "grace")


def test_a_holder_that_is_known_dead_is_taken_over_at_once(ledger: Ledger) -> None:
    take(ledger, "ada")

    assert take(ledger, "grace", dead=holder("ada")).fencing == 2


def test_the_one_who_took_over_from_the_dead_one_is_not_dead(ledger: Ledger) -> None:
    take(ledger, "ada")
    take(ledger, "grace", dead=holder("ada"))

    with pytest.raises(Busy, match="grace on laptop"):
        take(ledger, "hedy", dead=holder("ada"))


@pytest.mark.parametrize("write", ["renew", "save", "finish", "release"])
def test_a_holder_that_wakes_up_after_a_takeover_cannot_write(ledger: Ledger, store: MemoryStore, write: str) -> None:
    old = take(ledger, "ada")
    store.time += LEASE_SECONDS + 1
    take(ledger, "grace")
    arguments = [old, old.record] if write in ("save", "finish") else [old]

    with pytest.raises(PlanStale, match="somebody else changed its record"):
        getattr(ledger, write)(*arguments)


def test_a_takeover_fails_when_the_silent_one_gives_a_sign_of_life_just_then(
    store: MemoryStore, tmp_path: Path
) -> None:
    ledger = Ledger(store, tmp_path)
    lease = take(ledger, "ada")
    store.time += LEASE_SECONDS + 1

    class WakesUp(MemoryStore):
        """Between the look at the record and the write, the holder renews."""

        def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
            ledger.renew(lease)
            return store.replace(key, body, etag=etag)

    slow = WakesUp()
    slow.objects, slow.time = store.objects, store.time

    with pytest.raises(Busy, match="ada on laptop"):
        take(Ledger(slow, tmp_path), "grace")


def test_what_the_winner_wrote_is_in_the_history(ledger: Ledger) -> None:
    finish(ledger, take(ledger, "ada"), "r1")
    finish(ledger, take(ledger, "grace", running="r1"), "r2")

    assert [entry.release for entry in ledger.history("prod", "orders")] == ["r1", "r2"]


def test_the_next_one_copies_what_has_ended_into_the_history(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    finish(ledger, take(ledger, "ada"), "r1")
    assert "environments/prod/history/orders/00000001.json" not in store.objects
    take(Ledger(store, tmp_path / "elsewhere"), "grace", running="r1")

    assert "environments/prod/history/orders/00000001.json" in store.objects


def test_who_has_just_read_or_written_the_record_takes_the_lease_with_one_call(
    ledger: Ledger, store: MemoryStore
) -> None:
    finish(ledger, take(ledger, "ada"), "r1")
    store.reads.clear()
    take(ledger, "ada", running="r1")

    assert store.reads == []


def test_what_this_machine_remembers_is_not_believed(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    finish(ledger, take(ledger, "ada"), "r1")
    elsewhere = Ledger(store, tmp_path / "elsewhere")
    finish(elsewhere, take(elsewhere, "grace", running="r1"), "r2")

    with pytest.raises(PlanStale, match="planned against r1, but r2 is running now"):
        take(ledger, "ada", running="r1")
    assert take(ledger, "ada", running="r2").fencing == 3


def test_a_remembered_record_of_which_a_byte_has_changed_is_read_anew(ledger: Ledger, tmp_path: Path) -> None:
    finish(ledger, take(ledger, "ada"), "release-1")
    path = tmp_path / "records" / "environments/prod/current/orders.json"
    path.write_bytes(path.read_bytes().replace(b"release-1", b"release-9"))

    assert ledger.records("prod")["orders"].release == "release-1"
    assert take(ledger, "ada", running="release-1").fencing == 2


def test_a_remembered_record_lies_there_as_it_is_in_the_bucket(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    """Of 5,000 each is read at every command, so none of it is decoded first."""
    finish(ledger, take(ledger, "ada"), "release-1")
    ledger.records("prod")
    key = "environments/prod/current/orders.json"
    stored = store.objects[key]

    etag, sha256, body = (tmp_path / "records" / key).read_bytes().split(b"\n", 2)

    assert (etag.decode(), body) == (stored.etag, stored.body)
    assert sha256.decode() == hashlib.sha256(stored.body).hexdigest()


def test_what_an_older_version_remembered_is_read_anew(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    finish(ledger, take(ledger, "ada"), "release-1")
    ledger.records("prod")
    path = tmp_path / "records" / "environments/prod/current/orders.json"
    etag, sha256, body = path.read_bytes().split(b"\n", 2)
    older = {"etag": etag.decode(), "body": body.decode(), "sha256": sha256.decode()}
    path.write_text(json.dumps(older), encoding="utf-8")
    store.reads.clear()

    assert Ledger(store, tmp_path).records("prod")["orders"].release == "release-1"
    assert ("get", path.relative_to(tmp_path / "records").as_posix()) in store.reads


def test_a_record_that_somebody_deleted_is_begun_with_a_number_that_the_history_has_not_given(
    ledger: Ledger, store: MemoryStore
) -> None:
    for before, release in ((None, "r1"), ("r1", "r2"), ("r2", "r3")):
        finish(ledger, take(ledger, "ada", running=before), release)
    del store.objects["environments/prod/current/orders.json"]
    for before, release in ((None, "r4"), ("r4", "r5"), ("r5", "r6")):
        finish(ledger, take(ledger, "ada", running=before), release)

    # What stood in the deleted record only, the third deployment, is lost with it; nothing else is.
    past = ledger.history("prod", "orders")
    assert [item.release for item in past] == ["r1", "r2", "r4", "r5", "r6"]
    assert [item.sequence for item in past] == sorted({item.sequence for item in past})


def test_a_machine_without_a_cache_comes_to_the_same_numbers(store: MemoryStore, tmp_path: Path) -> None:
    machines = [Ledger(store, tmp_path / str(number)) for number in range(6)]
    for ledger, before, release in zip(machines[:3], (None, "r1", "r2"), ("r1", "r2", "r3"), strict=True):
        finish(ledger, take(ledger, "ada", running=before), release)
    del store.objects["environments/prod/current/orders.json"]
    for ledger, before, release in zip(machines[3:], (None, "r4", "r5"), ("r4", "r5", "r6"), strict=True):
        finish(ledger, take(ledger, "ada", running=before), release)

    assert [item.release for item in machines[0].history("prod", "orders")] == ["r1", "r2", "r4", "r5", "r6"]


@pytest.fixture
def faulty(aws_environment: dict[str, str]) -> Iterator[FaultyClient]:
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="acme")
        yield FaultyClient(client)


def test_a_lost_answer_to_taking_the_lease_is_no_failure(faulty: FaultyClient, tmp_path: Path) -> None:
    ledger = Ledger(Bucket(faulty, "acme", "123456789012", retrying=Retrying(sleep=lambda _: None)), tmp_path)
    faulty.lose("put_object")
    lease = take(ledger, "ada")
    faulty.lose("put_object")

    assert ledger.renew(lease).fencing == 1


# --- 16 processes ---
PROCESSES = 16
ROUNDS = 25


def _race(root: Path, number: int, ready: Barrier, results: Any) -> None:
    """One process: every round all start at once, and who gets the lease makes the release of this round."""
    store: ObjectStore = FileStore(root)
    ledger = Ledger(store, root / f"cache-{number}")
    for turn in range(ROUNDS):
        running = None if turn == 0 else f"release-{turn - 1}"
        ready.wait(60)
        try:
            lease = take(ledger, f"{number} {os.getpid()} {turn}", running=running)
            results.put((turn, number, lease.fencing))
            finish(ledger, lease, f"release-{turn}")
        except (Busy, PlanStale):
            results.put((turn, number, None))
        ready.wait(60)


@pytest.mark.slow
def test_of_16_processes_exactly_one_wins_each_round_and_fencing_numbers_rise(tmp_path: Path) -> None:
    # Not "fork": other tests leave threads in this process, whose locks a forked child would wait for in vain.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ready, results = context.Barrier(PROCESSES), context.Queue()
    racers = [context.Process(target=_race, args=(tmp_path, n, ready, results)) for n in range(PROCESSES)]
    for racer in racers:
        racer.start()
    answers = [results.get(timeout=60) for _ in range(PROCESSES * ROUNDS)]
    for racer in racers:
        racer.join(60)

    wins = sorted((turn, fencing) for turn, _, fencing in answers if fencing is not None)
    assert [turn for turn, _ in wins] == list(range(ROUNDS))
    assert [fencing for _, fencing in wins] == sorted({fencing for _, fencing in wins})
    history = Ledger(FileStore(tmp_path), tmp_path / "cache").history("prod", "orders")
    assert [entry.release for entry in history] == [f"release-{turn}" for turn in range(ROUNDS)]


# --- the summary ---
UNITS = tuple(f"unit-{number}" for number in range(6))
SUMMARY = summary_key("prod")


def deployed(ledger: Ledger, *units: str, release: str = "r1") -> None:
    """As a run leaves them, which summarises at its end."""
    running = {name: record.release for name, record in ledger.records("prod").items()}
    for unit in units:
        lease = ledger.acquire("prod", unit, holder("ada"), running=running.get(unit))
        finish(ledger, lease, release)
    ledger.summarise("prod")


def read_elsewhere(store: MemoryStore, folder: Path) -> tuple[dict[str, str | None], int]:
    """What a machine without a cache says that runs, and how many objects it reads."""
    store.reads.clear()
    records = Ledger(store, folder / f"machine-{len(list(folder.iterdir()))}").records("prod")
    return {name: record.release for name, record in records.items()}, len(gets(store))


def gets(store: MemoryStore) -> list[str]:
    return [key for kind, key in store.reads if kind == "get"]


def put(store: MemoryStore, key: str, body: bytes) -> None:
    """Whatever lies there; not this library writes it."""
    there = store.objects.pop(key, None)
    assert there is not None
    store.put_new(key, body)


def test_a_fresh_machine_reads_a_listing_and_the_summary(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    deployed(ledger, *UNITS)

    assert read_elsewhere(store, tmp_path) == (dict.fromkeys(UNITS, "r1"), 1)


def test_a_summary_that_is_deleted_costs_a_call_for_each_record(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    deployed(ledger, *UNITS)
    del store.objects[SUMMARY]

    assert read_elsewhere(store, tmp_path) == (dict.fromkeys(UNITS, "r1"), 1 + len(UNITS))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"format":9,"records":{}}', mtime=0),
        pack({"records": 3}),
    ],
)
def test_a_summary_that_is_none_or_newer_costs_a_call_for_each_record(
    ledger: Ledger, store: MemoryStore, tmp_path: Path, body: bytes
) -> None:
    deployed(ledger, *UNITS)
    put(store, SUMMARY, body)

    assert read_elsewhere(store, tmp_path) == (dict.fromkeys(UNITS, "r1"), 1 + len(UNITS))


def test_a_forged_summary_is_not_believed(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    deployed(ledger, *UNITS)
    keys = [key for key in store.objects if "/current/" in key]
    bodies = {key: store.objects[key].body.replace(b'"r1"', b'"r9"') for key in keys}
    put(store, SUMMARY, summary_of({key: (store.objects[key].etag, body) for key, body in bodies.items()}))

    assert read_elsewhere(store, tmp_path) == (dict.fromkeys(UNITS, "r1"), 1 + len(UNITS))


def test_of_a_summary_that_is_behind_only_what_changed_since_is_read(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    deployed(ledger, *UNITS)
    before = store.objects[SUMMARY].body
    store.time += 10
    deployed(ledger, *UNITS[:4], release="r2")
    put(store, SUMMARY, before)

    expected = {unit: "r2" if unit in UNITS[:4] else "r1" for unit in UNITS}
    assert read_elsewhere(store, tmp_path) == (expected, 1 + 4)


def test_of_two_who_summarise_at_once_one_loses_and_nobody_reads_anything_wrong(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    deployed(ledger, *UNITS)
    store.time += 10
    other = Ledger(store, tmp_path / "other")
    others = {name: record.release for name, record in other.records("prod").items()}
    for unit in UNITS[3:]:
        finish(other, other.acquire("prod", unit, holder("grace"), running=others[unit]), "r3")
    deployed(ledger, *UNITS[:3], release="r2")
    other.summarise("prod")

    found, _ = read_elsewhere(store, tmp_path)

    assert found == {**dict.fromkeys(UNITS[:3], "r2"), **dict.fromkeys(UNITS[3:], "r3")}


def test_a_run_that_was_killed_before_it_summarised_is_caught_up_by_the_next(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    deployed(ledger, *UNITS)
    store.time += 10
    killed = Ledger(store, tmp_path / "killed")
    running = {name: record.release for name, record in killed.records("prod").items()}
    for unit in UNITS[:4]:
        finish(killed, killed.acquire("prod", unit, holder("ada"), running=running[unit]), "r2")
    killed.acquire("prod", UNITS[4], holder("ada"), running="r1")

    expected = {unit: "r2" if unit in UNITS[:4] else "r1" for unit in UNITS}
    assert read_elsewhere(store, tmp_path) == (expected, 1 + 5)
    deployed(Ledger(store, tmp_path / "next"), UNITS[5], release="r2")
    assert read_elsewhere(store, tmp_path) == ({**expected, UNITS[5]: "r2"}, 1)


def test_a_ledger_that_never_listed_writes_no_summary_of_a_part(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    deployed(ledger, *UNITS)
    del store.objects[SUMMARY]
    partial = Ledger(store, tmp_path / "partial")
    for unit in UNITS[:4]:
        partial.read_one("prod", unit)
        finish(partial, partial.acquire("prod", unit, holder("ada"), running="r1"), "r2")
    partial.summarise("prod")

    assert SUMMARY not in store.objects


def test_one_record_alone_is_read_with_one_call(ledger: Ledger, store: MemoryStore) -> None:
    deployed(ledger, *UNITS)
    store.reads.clear()

    assert ledger.read_one("prod", UNITS[0]).records[UNITS[0]].release == "r1"
    assert ledger.read_one("prod", "another").records == {}
    assert [kind for kind, _ in store.reads] == ["get", "get"]
