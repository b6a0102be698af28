"""Units with equal locks have layers of their own with the same bytes, which are sent to a bucket once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.store import Body, Written
from multi_env_lambda.testing.memory import MemoryStore
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .worlds import chain, deploy, outcomes, promote

UNITS = ("customers", "invoices", "orders", "search")
THERE = "eu-central-1"


def key(unit: str, number: int = 1) -> str:
    return f"projects/{unit}/lambda/layer/{number:06d}/layer.zip"


def tree() -> FakeTree:
    return FakeTree(content={unit: unit for unit in UNITS}, locked=dict.fromkeys(UNITS, "boto"))


def written(store: MemoryStore) -> Counter[str]:
    """How many layers were sent, and how many copied."""
    return Counter(kind for kind, name in store.writes if name.endswith("/layer.zip"))


def test_what_units_with_equal_locks_depend_on_is_sent_once_and_each_has_its_own_key(tmp_path: Path) -> None:
    fake = chain(tmp_path, tree())

    deploy(fake)

    assert written(fake.store) == {"put_new": 1, "copy_new": 3}
    assert {fake.store.objects[key(unit)].body for unit in UNITS} == {b"boto"}
    receipts = [fake.world.ledger.records("sandbox")[unit].running for unit in UNITS]
    seen = {(item.key, item.version_id) for each in receipts if each is not None for item in each.objects}
    assert {(key(unit), fake.store.objects[key(unit)].version_id) for unit in UNITS} <= seen


def test_publishing_without_deploying_sends_it_once_too(tmp_path: Path) -> None:
    fake = chain(tmp_path, tree())

    pipeline.publish(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")))

    assert written(fake.store) == {"put_new": 1, "copy_new": 3}


def test_different_locks_are_sent_once_each(tmp_path: Path) -> None:
    fake = chain(tmp_path, tree())
    fake.tree.locked |= {"orders": "pandas", "search": "pandas"}

    deploy(fake)

    assert written(fake.store) == {"put_new": 2, "copy_new": 2}


def test_a_later_run_copies_what_the_records_name_and_reads_nothing_of_other_units(tmp_path: Path) -> None:
    fake = chain(tmp_path, tree())
    deploy(fake)
    fake.tree.content["later"] = "later"
    fake.store.writes.clear()
    alone = reads_of_a_new_unit(fake, tmp_path / "without")

    fake.tree.locked["later"] = "boto"
    fake.store.reads.clear()
    deploy(on_another_machine(fake, tmp_path / "with"))

    assert written(fake.store) == {"copy_new": 1}
    assert [name for _, name in fake.store.reads if any(f"/{unit}/" in name for unit in UNITS)] == alone


def reads_of_a_new_unit(fake: FakeWorld, folder: Path) -> list[str]:
    """What a run reads of the other units to plan a new one, without dependencies."""
    fake.store.reads.clear()
    machine = on_another_machine(fake, folder)
    pipeline.plan(machine.world, Request(verb="deploy", target="sandbox", through=True), soon=True)
    return [name for _, name in fake.store.reads if any(f"/{unit}/" in name for unit in UNITS)]


def on_another_machine(fake: FakeWorld, folder: Path) -> FakeWorld:
    return fake_world(fake.tree, folder, store=fake.store, platform=fake.platform)


def test_whoever_needs_the_same_bytes_waits_while_they_are_sent(tmp_path: Path) -> None:
    class Watched(MemoryStore):
        held: list[bool] = []

        def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
            if key.endswith("/layer.zip"):
                self.held.append(fake.world.sent.turn("artifacts", sha256(b"boto").hexdigest()).locked())
            return super().put_new(key, body, metadata)

    fake = chain(tmp_path, tree(), store=Watched())

    deploy(fake)

    assert Watched.held == [True]


@pytest.mark.parametrize("body", [None, b"other"], ids=["is gone", "has other bytes"])
def test_where_the_source_of_a_copy_is_not_what_it_was_the_bytes_are_sent(tmp_path: Path, body: bytes | None) -> None:
    fake = chain(tmp_path, tree())
    deploy(fake)
    for unit in UNITS:
        there = fake.store.objects.pop(key(unit))
        if body is not None:
            fake.store.objects[key(unit)] = attrs.evolve(there, body=body)
    fake.tree.content |= {"later": "later", "latest": "latest"}
    fake.tree.locked |= {"later": "boto", "latest": "boto"}
    fake.store.writes.clear()

    done = deploy(on_another_machine(fake, tmp_path / "again"), only=("later", "latest"))

    assert set(outcomes(done).values()) == {"deployed"}
    assert written(fake.store) == {"put_new": 1, "copy_new": 1}
    assert fake.store.objects[key("later")].body == fake.store.objects[key("latest")].body == b"boto"


class Refusing(MemoryStore):
    """Takes no layer of one unit, whichever is the first to send one."""

    refused = ""

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        if key.endswith("/layer.zip") and self.refused in ("", key):
            self.refused = key
            raise PublishError(key, "AccessDenied", hint="may this role write there?")
        return super().put_new(key, body, metadata)

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        assert item.key != self.refused
        return super().copy_new(item, source)


def test_units_share_the_upload_not_its_failure(tmp_path: Path) -> None:
    store = Refusing()
    fake = chain(tmp_path, tree(), store=store)

    done = deploy(fake)

    assert Counter(outcomes(done).values()) == {"failed": 1, "deployed": 3}
    assert written(store) == {"put_new": 1, "copy_new": 2}


def test_a_key_that_somebody_has_taken_fails_its_own_unit(tmp_path: Path) -> None:
    fake = chain(tmp_path, tree())
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), soon=True)
    fake.store.put_new(key("orders"), b"of somebody else")

    done = {result.project: result for result in pipeline.apply(fake.world, draft)}

    assert done["orders"].error == "PlanStale"
    assert Counter(outcomes(done).values()) == {"failed": 1, "deployed": 3}
    assert fake.store.objects[key("orders")].body == b"of somebody else"


def test_the_bucket_of_another_region_gets_it_once_too(tmp_path: Path) -> None:
    fake, copies = chain(tmp_path, tree()), MemoryStore()
    first, second, *others = fake.world.config.environments
    places = (first, attrs.evolve(second, region=THERE), *others)
    config = attrs.evolve(fake.world.config, environments=places)
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, config=config, elsewhere=lambda _: copies))
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, maker=attrs.evolve(fake.world.maker, config=config)))
    deploy(fake)
    fake.store.reads.clear()

    promote(fake, "test")

    assert written(copies) == {"put_new": 1, "copy_new": 3}
    assert [name for kind, name in fake.store.reads if kind == "get" and name.endswith("/layer.zip")] != []
    assert len([name for kind, name in fake.store.reads if kind == "get" and name.endswith("/layer.zip")]) == 1
    fake.tree.content["later"] = "later"
    fake.tree.locked["later"] = "boto"
    later = fake_world(fake.tree, tmp_path / "later", config=config, store=fake.store, platform=fake.platform)
    later = attrs.evolve(later, world=attrs.evolve(later.world, elsewhere=lambda _: copies))
    copies.writes.clear()
    deploy(later, "test")
    assert written(copies) == {"copy_new": 1}
