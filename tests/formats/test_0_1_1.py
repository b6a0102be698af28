"""What 0.1.1 wrote is read as it was meant, for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from multi_env_lambda.aws.index import list_published, read_published, read_release, read_template
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.model.record import Record
from multi_env_lambda.testing.memory import MemoryStore

from .bucket import bucket_of


@pytest.fixture
def store() -> MemoryStore:
    return bucket_of("0.1.1")


def releases(store: MemoryStore) -> list[tuple[str, str]]:
    keys = [key.split("/") for key in store.objects if key.endswith("/manifest.json")]
    return [(parts[1], parts[3]) for parts in keys]


def test_every_record_says_what_runs(store: MemoryStore, tmp_path: Path) -> None:
    ledger = Ledger(store, tmp_path)
    found = {
        (place, name): None if record.running is None else record.running.version
        for place in ("sandbox", "prod")
        for name, record in ledger.read(place).records.items()
    }

    assert found == {
        ("sandbox", "alpha"): "0.1.0",
        ("sandbox", "beta"): "0.1.0",
        ("prod", "alpha"): "0.1.0",
        ("prod", "beta"): "0.1.0",
    }


def test_what_was_rolled_back_and_what_failed_is_still_known(store: MemoryStore, tmp_path: Path) -> None:
    records = Ledger(store, tmp_path).records("sandbox")

    assert records["alpha"].rolled_back is not None
    assert (records["alpha"].rolled_back.version, records["alpha"].rolled_back.reason) == ("0.1.0.post1", "too short")
    assert records["beta"].latest is not None
    assert records["beta"].latest.outcome == "went back"


def test_the_history_is_whole(store: MemoryStore, tmp_path: Path) -> None:
    ledger = Ledger(store, tmp_path)

    assert [(item.action, item.version, item.outcome) for item in ledger.history("sandbox", "alpha")] == [
        ("deploy", "0.1.0", "succeeded"),
        ("deploy", "0.1.0.post1", "succeeded"),
        ("rollback", "0.1.0", "succeeded"),
    ]


def test_every_release_has_the_name_that_it_had(store: MemoryStore, tmp_path: Path) -> None:
    found = [read_release(store, tmp_path, *names) for names in releases(store)]

    assert [(item.project, item.digest) for item in found] == releases(store)
    assert {item.source.wheel_sha256 for item in found} == {
        hashlib.sha256(item.body).hexdigest() for key, item in store.objects.items() if key.endswith(".whl")
    }


def test_every_template_is_compared(store: MemoryStore, tmp_path: Path) -> None:
    for names in releases(store):
        release = read_release(store, tmp_path, *names)
        for stage in release.stages:
            assert '"Resources"' in read_template(store, tmp_path, release, stage.environment)


def test_a_layer_and_a_script_without_a_sha256_are_known_by_their_keys(store: MemoryStore, tmp_path: Path) -> None:
    found = {names[0]: read_release(store, tmp_path, *names) for names in releases(store)}

    assert found["alpha"].layer is not None
    assert (found["alpha"].layer.number, found["alpha"].layer.layer_sha256) == (1, "")
    assert [script.key in store.objects for script in found["beta"].scripts] == [True]
    assert all(item.key in store.objects for release in found.values() for item in release.objects)


def test_the_names_are_found_without_an_index(store: MemoryStore) -> None:
    found = read_published(store, "alpha")

    assert (found.etag, sorted(found.sources), sorted(found.layers)) == ("", ["0.1.0", "0.1.0.post1"], [1])
    assert found == list_published(store, "alpha")
    assert all(item.sha256 for item in found.objects.values())


def test_a_record_that_is_read_and_written_again_is_one_of_this_format(store: MemoryStore, tmp_path: Path) -> None:
    for key, item in store.objects.items():
        if "/current/" in key:
            record = Record.from_bytes(item.body, where=key)
            assert Record.from_bytes(record.to_bytes(), where=key) == record
