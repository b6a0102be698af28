"""The history of units: complete, in order, and read once."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.record import current_key, history_key
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


def pages(fake: FakeWorld, count: int) -> list[list[int]]:
    """The numbers of all pages, newest page first, as somebody turns them who has no cache."""
    ledger, before, found = elsewhere(fake), None, []
    while page := ledger.history("sandbox", "search", newest=count, before=before):
        found.append([item.sequence for item in page])
        before = page[0].sequence
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4, 50])
def test_pages_turned_one_after_the_other_are_the_whole_history(tmp_path: Path, count: int) -> None:
    fake = deployed_three_times(tmp_path)

    found = pages(fake, count)

    assert [number for page in found for number in reversed(page)] == [3, 2, 1]
    assert all(len(page) <= count for page in found)


def test_a_page_of_a_long_history_costs_one_listing_and_as_many_calls_as_it_has_lines(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    aged(fake, 300)
    fake.store.reads.clear()

    found = elsewhere(fake).history("sandbox", "search", newest=20, before=200)

    assert [item.sequence for item in found] == list(range(180, 200))
    kinds = [kind for kind, _ in fake.store.reads]
    assert (kinds.count("list"), kinds.count("get")) == (1, 1 + 20)


def test_a_page_over_a_gap_reaches_further_back(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    aged(fake, 300)
    for number in range(100, 295):
        del fake.store.objects[history_key("sandbox", "search", number)]

    found = elsewhere(fake).history("sandbox", "search", newest=10)

    assert [item.sequence for item in found] == [97, 98, 99, 295, 296, 297, 298, 299, 300, 301]


def test_of_a_record_that_somebody_deleted_the_pages_begin_with_what_was_deployed_since(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    del fake.store.objects[current_key("sandbox", "search")]
    deploy(fake, consent=Consent(allowed=frozenset({"take-over:search-sandbox"})))

    assert pages(fake, 2) == [[2, 3], [1]]


def test_what_was_read_from_the_newest_on_is_the_whole_history_and_no_more_than_was_asked_for(tmp_path: Path) -> None:
    fake = deployed_three_times(tmp_path)
    aged(fake, 300)
    record = fake.world.ledger.records("sandbox")["search"]
    fake.store.reads.clear()

    found = elsewhere(fake).newest_first(record, "sandbox", "search")

    assert [next(found).sequence for _ in range(2)] == [301, 300]
    assert [kind for kind, _ in fake.store.reads] == ["get"]
    assert [item.sequence for item in found] == list(range(299, 0, -1))


def aged(fake: FakeWorld, past: int) -> None:
    """Let the newest deployment be the last of ``past`` + 1."""
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.running is not None
    for number in range(1, past + 1):
        entry = attrs.evolve(record.running, sequence=number)
        key = history_key("sandbox", "search", number)
        there = fake.store.objects.get(key)
        if there is None:
            fake.store.put_new(key, entry.to_bytes())
    running = attrs.evolve(record.running, sequence=past + 1)
    key = current_key("sandbox", "search")
    body = attrs.evolve(record, running=running, latest=running).to_bytes()
    assert fake.store.replace(key, body, etag=fake.store.objects[key].etag) is not None


@pytest.mark.parametrize("name", ["00000007.txt", "abc.json", "0000000000000000001.json", "00000000.json"])
def test_what_is_no_entry_of_the_history_is_not_read(tmp_path: Path, name: str) -> None:
    fake = deployed_three_times(tmp_path)
    before = elsewhere(fake).history("sandbox", "search")
    fake.store.put_new(f"{history_key('sandbox', 'search')}{name}", b"null")

    ledger = elsewhere(fake)

    assert ledger.history("sandbox", "search") == before
    assert ledger.histories("sandbox", newest=50).histories["search"] == before
