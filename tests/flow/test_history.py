"""The history of units: complete, in order, and read once."""

from __future__ import annotations

from pathlib import Path

import attrs

from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy


def deployed_three_times(folder: Path) -> FakeWorld:
    fake = chain(folder)
    for text in ("s1", "s2", "s3"):
        fake.tree.content["search"] = text
        deploy(fake)
    return fake


def gets(fake: FakeWorld) -> list[str]:
    return [key for kind, key in fake.store.reads if kind == "get" and "/history/" in key]


def elsewhere(fake: FakeWorld) -> Ledger:
    """The ledger as a machine sees it that has deployed nothing."""
    return attrs.evolve(fake.world.ledger, cache=fake.world.cache / "elsewhere")


def test_who_wrote_a_deployment_never_asks_for_it(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)

    assert len(fake.world.ledger.history("sandbox", "search")) == 3
    assert gets(fake) == []


def test_a_past_deployment_is_asked_for_once(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    ledger = elsewhere(fake)
    first = ledger.history("sandbox", "search")
    asked = len(gets(fake))

    assert ledger.history("sandbox", "search") == first
    assert [item.version for item in first] == ["0.1.0", "0.1.0.post1", "0.1.0.post2"]
    # The newest stands in the record only, until the next one begins.
    assert (asked, len(gets(fake))) == (2, 2)


def test_the_histories_of_all_units_are_those_of_each_unit(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    ledger = fake.world.ledger

    found = ledger.histories("sandbox", newest=50).histories

    assert found == {name: ledger.history("sandbox", name) for name in ("customers", "orders", "search")}


def test_only_the_newest_are_read(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)

    found = elsewhere(fake).histories("sandbox", newest=2).histories

    assert [item.sequence for item in found["search"]] == [2, 3]
    assert len([key for key in gets(fake) if "/search/" in key]) == 2


def test_an_entry_that_so_far_stands_in_the_record_only_is_not_missing(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)

    assert "environments/sandbox/history/search/00000003.json" not in fake.store.objects
    assert [item.sequence for item in fake.world.ledger.histories("sandbox", newest=50).histories["search"]] == [
        1,
        2,
        3,
    ]
