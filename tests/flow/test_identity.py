"""The workspace's id: made once, in the table and in the bucket, and asked for once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.identity import WORKSPACE_KEY, advice, find_id, new_id, settle_id, told
from multi_env_lambda.model.name import WORKSPACE_ID
from multi_env_lambda.model.record import Record, current_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.store import Stored
from multi_env_lambda.operations.destroy import find_removal
from multi_env_lambda.operations.prune import find_prunable
from multi_env_lambda.testing.memory import MemoryStore
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy, promote, rollback

OURS = fake_config().id


def with_id(folder: Path, id: str, **more: object) -> FakeWorld:
    return chain(folder, config=attrs.evolve(fake_config(), id=id), **more)


def in_bucket(store: MemoryStore) -> object:
    return json.loads(store.objects[WORKSPACE_KEY].body)


def gets(fake: FakeWorld) -> int:
    return fake.store.reads.count(("get", WORKSPACE_KEY))


def test_a_new_id_is_one_that_the_table_takes() -> None:
    assert WORKSPACE_ID.accepts(new_id())
    assert new_id() != new_id()


def test_the_first_deploy_writes_the_id_of_the_table_into_the_bucket(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)

    assert in_bucket(fake.store) == {"format": 2, "id": OURS}
    assert {record.workspace for record in fake.world.ledger.records("sandbox").values()} == {OURS}


def test_without_an_id_in_the_table_the_first_deploy_makes_one_and_says_where_to_write_it(tmp_path: Path) -> None:
    fake = with_id(tmp_path, "")
    assert advice(fake.world) == ""
    deploy(fake)

    made = in_bucket(fake.store)["id"]  # type: ignore[index]
    assert {record.workspace for record in fake.world.ledger.records("sandbox").values()} == {made}
    assert advice(fake.world).startswith(
        f'write `id = "{made}"` into [tool.multi_env_lambda] of the root pyproject.toml'
    )


def test_another_machine_without_an_id_takes_that_of_the_bucket(tmp_path: Path) -> None:
    first = with_id(tmp_path / "one", "")
    deploy(first)
    second = with_id(tmp_path / "two", "", store=first.store, platform=first.platform)

    assert find_id(second.world, ()) == in_bucket(first.store)["id"]  # type: ignore[index]
    assert advice(second.world) == advice(first.world) != ""


def test_a_table_with_another_id_than_the_bucket_is_refused_with_both_before_anything_is_written(
    tmp_path: Path,
) -> None:
    first = chain(tmp_path / "one")
    deploy(first)
    second = with_id(tmp_path / "two", "theirs", store=first.store, platform=first.platform)
    first.store.writes.clear()

    for act in (deploy, find_prunable_of, find_removal_of):
        with pytest.raises(ConfigurationError, match=f'says id = "theirs", the bucket says "{OURS}"'):
            act(second)
    assert first.store.writes == []


def find_prunable_of(fake: FakeWorld) -> object:
    return find_prunable(fake.world)


def find_removal_of(fake: FakeWorld) -> object:
    return find_removal(fake.world, "search", "sandbox")


def test_records_of_another_workspace_speak_for_a_bucket_whose_object_is_gone(tmp_path: Path) -> None:
    fake = with_id(tmp_path, "theirs")
    record = Record(project="search", environment="sandbox", workspace=OURS)

    with pytest.raises(ConfigurationError):
        find_id(fake.world, [record])
    assert find_id(with_id(tmp_path, "").world, [record]) == OURS


def test_where_nothing_changes_a_record_that_carries_the_id_saves_the_question(tmp_path: Path) -> None:
    fake = chain(tmp_path / "one")
    deploy(fake)
    other = chain(tmp_path / "two", store=fake.store, platform=fake.platform)
    fake.store.reads.clear()
    deploy(other)

    assert gets(fake) == 0


def taken_over(folder: Path) -> FakeWorld:
    """Deployed, and then the bucket's own object names another workspace; records, cache and stacks are as before."""
    fake = chain(folder)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake, "test")
    written(fake.store, WORKSPACE_KEY, b'{"format": 2, "id": "theirs"}')
    return fake


def written(store: MemoryStore, key: str, body: bytes) -> None:
    """Past everything that keeps order in the bucket."""
    found = store.get(key)
    assert found is not None
    store.replace(key, body, etag=found.etag)


def changed(fake: FakeWorld) -> object:
    fake.tree.content["search"] = "s3"
    return deploy(fake)


def planned(fake: FakeWorld) -> object:
    return pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))


def promoted(fake: FakeWorld) -> object:
    return promote(fake, "test", force=True)


def rolled_back(fake: FakeWorld) -> object:
    return rollback(fake, "search", "sandbox")


@pytest.mark.parametrize("verb", [changed, planned, promoted, rolled_back, find_prunable_of, find_removal_of])
@pytest.mark.parametrize("with_records", [False, True], ids=["the object alone", "a record too"])
def test_a_bucket_that_names_another_workspace_is_refused_by_each_verb_that_changes_something(
    tmp_path: Path, verb: Callable[[FakeWorld], object], with_records: bool
) -> None:
    fake = taken_over(tmp_path)
    if with_records:
        recorded_by(fake, "sandbox", "theirs")
    fake.store.writes.clear()

    with pytest.raises(ConfigurationError, match=f'says id = "{OURS}", the bucket says "theirs"'):
        verb(fake)
    assert fake.store.writes == []


def test_a_bucket_that_names_another_workspace_gets_no_first_release_of_a_unit(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, only=("customers",))
    written(fake.store, WORKSPACE_KEY, b'{"format": 2, "id": "theirs"}')
    fake.store.writes.clear()

    with pytest.raises(ConfigurationError, match='the bucket says "theirs"'):
        deploy(fake, only=("search",))
    assert fake.store.writes == []


def test_who_only_reads_is_told_that_the_bucket_names_another_workspace(tmp_path: Path) -> None:
    fake = taken_over(tmp_path)

    assert f'says id = "{OURS}", the bucket says "theirs"' in told(fake.world)
    written(fake.store, WORKSPACE_KEY, b'{"format": 2, "id": "%s"}' % OURS.encode())
    assert told(fake.world) == ""


def recorded_by(fake: FakeWorld, environment: str, workspace: str) -> None:
    for record in fake.world.ledger.records(environment).values():
        body = attrs.evolve(record, workspace=workspace).to_bytes()
        written(fake.store, current_key(environment, record.project), body)


def test_nothing_is_promoted_from_a_record_of_another_workspace(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    recorded_by(fake, "sandbox", "theirs")
    fake.store.writes.clear()

    results = promote(fake, "test")

    assert {(result.outcome, result.error) for result in results.values()} == {("blocked", "ConfigurationError")}
    assert 'its record belongs to workspace "theirs"' in results["search"].detail
    assert fake.store.writes == []


def test_the_bucket_is_asked_once_per_machine(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    settle_id(fake.world, ())
    other = chain(tmp_path / "two", store=fake.store)
    fake.store.reads.clear()

    assert [find_id(other.world, ()), find_id(other.world, ())] == [OURS, OURS]
    assert gets(fake) == 1


class Overtaken(MemoryStore):
    """Right after the first look at the bucket's id somebody else writes one."""

    def get(self, key: str) -> Stored | None:
        found = super().get(key)
        if key == WORKSPACE_KEY and found is None:
            self.put_new(WORKSPACE_KEY, b'{"format": 2, "id": "theirs"}')
        return found


def test_who_loses_the_race_for_a_new_id_takes_the_winners(tmp_path: Path) -> None:
    assert settle_id(with_id(tmp_path, "", store=Overtaken()).world, ()) == "theirs"


def test_who_loses_the_race_with_an_id_in_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f'says id = "{OURS}", the bucket says "theirs"'):
        settle_id(chain(tmp_path, store=Overtaken()).world, ())
