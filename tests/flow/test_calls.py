"""What a step costs: the numbers of reads and writes are promises, whatever machine this runs on."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy, promote, rollback


def reads(fake: FakeWorld) -> list[str]:
    return [kind for kind, _ in fake.store.reads]


def test_no_change_is_one_listing_however_many_units_there_are(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.store.reads.clear()
    deploy(fake)

    assert reads(fake) == ["list"]


def test_a_step_reads_nothing_back_that_this_machine_has_written(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, to="prod")
    fake.tree.content["search"] = "changed"
    deploy(fake)
    fake.store.reads.clear()
    promote(fake, to="test")

    # Two environments, and wheel and sdist of the release that is promoted.
    assert sorted(reads(fake)) == ["head", "head", "list", "list"]


def test_a_rollback_reads_the_history_of_its_unit_and_no_bytes_of_releases(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "changed"
    deploy(fake)
    fake.store.reads.clear()
    rollback(fake, "search", "sandbox")

    assert [key for kind, key in fake.store.reads if kind == "get"] == ["environments/sandbox/current/search.json"]
