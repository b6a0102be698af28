"""What commands cost: calls, and calls that wait for each other, of 1,000 units, and of one deployed 1,000 times.

The bounds are promises. They are counted by a proxy in front of the accounts, with all comparisons in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.model.record import summary_key
from tests.end_to_end.stage import ENVIRONMENTS
from tests.late_imports import imported_too_early, ours

from .yard import BUSY, LAYERED, REAL, Cost, Yard, open_row, open_yard

pytestmark = pytest.mark.local_cloud

FIRST = ENVIRONMENTS[0]
PAST = 1000
MANY = 996
"""Others beside the three real ones: with the summary, as many records as one page of a listing holds."""

ROW = 12


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Few units, one of which was deployed 1,000 times."""
    with open_yard(tmp_path_factory.mktemp("yard") / "workspace", units=20, past=PAST) as opened:
        yield opened


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Nearly 1,000 units."""
    with open_yard(tmp_path_factory.mktemp("crowd") / "workspace", units=MANY, past=2) as opened:
        yield opened


def counted(cost: Cost) -> tuple[int, int]:
    return len(cost.calls), len(cost.chain)


def unchanged(yard: Yard, *words: str) -> Cost:
    done, cost = yard.cost("deploy", *words, "--yes", "--json")
    assert set(done.outcomes().values()) == {"unchanged"}
    return cost


def one_line(yard: Yard, unit: str, *words: str) -> Cost:
    yard.change(unit)
    done, cost = yard.cost("deploy", *words, "--yes", "--json")
    assert done.touched() == {(FIRST, unit)}
    return cost


@pytest.mark.long
@pytest.mark.parametrize(("words", "environments"), [((), 1), (("--to", "prod"), 4)], ids=["the first", "the last"])
def test_no_change_of_1000_units_is_at_most_5_calls_per_environment_without_a_cache(
    crowd: Yard, words: tuple[str, ...], environments: int
) -> None:
    crowd.on_a_fresh_machine()

    first, again = unchanged(crowd, *words), unchanged(crowd, *words)

    # Identity, the role of the devops account, then a LIST and a summary per environment, at once.
    assert counted(first) == (2 + 2 * environments, 3), str(first)
    assert counted(again) == (2 + environments, 3), str(again)
    assert counted(first)[0] <= 5 * environments


MODULES = 175
"""Of this package, at most, in a run with nothing to do."""


def test_a_run_with_nothing_to_do_imports_what_reads_and_compares(yard: Yard) -> None:
    unchanged(yard)

    done = yard.run("deploy", "--yes", "--json", PYTHONPROFILEIMPORTTIME="1")

    loaded = [line.rpartition("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")]
    assert imported_too_early(loaded) == {}
    assert len(ours(loaded)) <= MODULES
    assert set(done.outcomes().values()) == {"unchanged"}


@pytest.mark.long
def test_one_changed_line_of_1000_units_costs_what_it_costs_of_few(crowd: Yard) -> None:
    crowd.on_a_fresh_machine()

    cost = one_line(crowd, BUSY)

    assert counted(cost) == (27, 12), str(cost)


@pytest.mark.long
def test_the_next_1000_records_are_one_call_more(crowd: Yard) -> None:
    crowd.write_records(FIRST, [f"elsewhere-{number}" for number in range(3)])
    crowd.summarise(FIRST)
    crowd.on_a_fresh_machine()

    done, cost = crowd.cost("deploy", "--yes", "--json")

    assert set(done.outcomes().values()) == {"unchanged", "removed"}
    assert counted(cost) == (2 + 2 + 1, 3 + 1), str(cost)


@pytest.mark.parametrize("fresh", [True, False], ids=["without a cache", "with a cache"])
@pytest.mark.parametrize("words", [("--only", BUSY), ()], ids=["named", "everything"])
def test_one_changed_line_is_at_most_27_calls_of_which_12_wait(yard: Yard, words: tuple[str, ...], fresh: bool) -> None:
    yard.summarise(FIRST)
    if fresh:
        yard.on_a_fresh_machine()

    cost = one_line(yard, BUSY, *words)

    assert counted(cost) == (27 if fresh else 25, 12), str(cost)


def test_what_a_unit_made_is_at_most_7_calls_of_which_6_wait(yard: Yard) -> None:
    done, cost = yard.cost("outputs", REAL[0], FIRST, "--json")

    assert done.code == 0
    assert counted(cost) == (7, 6), str(cost)


@pytest.mark.long
def test_a_summary_that_lacks_two_records_costs_two_calls_at_once(yard: Yard) -> None:
    yard.summarise(FIRST)
    one_line(yard, LAYERED)
    one_line(yard, BUSY)
    yard.on_a_fresh_machine()

    cost = one_line(yard, BUSY)

    assert not summary_is_written(cost)
    assert counted(cost) == (27 + 2, 12 + 1), str(cost)


@pytest.mark.long
def test_the_third_record_that_the_summary_lacks_makes_it_anew_with_one_call(yard: Yard) -> None:
    one_line(yard, REAL[-1])
    yard.summarise(FIRST)
    costs = [one_line(yard, unit) for unit in REAL]

    assert [summary_is_written(cost) for cost in costs] == [False, False, True], str(costs[-1])
    assert counted(costs[-1]) == (25 + 1, 12 + 1), str(costs[-1])


def summary_is_written(cost: Cost) -> bool:
    return any(call.label == f"PutObject {summary_key(FIRST)}" for call in cost.calls)


@pytest.mark.parametrize("fresh", [True, False], ids=["without a cache", "with a cache"])
def test_one_changed_line_of_a_unit_with_a_layer_looks_at_its_two_objects(yard: Yard, fresh: bool) -> None:
    yard.summarise(FIRST)
    if fresh:
        yard.on_a_fresh_machine()

    cost = one_line(yard, LAYERED)

    assert counted(cost) == (29 if fresh else 27, 12), str(cost)
    assert Counter(call.name for call in cost.calls)["HeadObject"] == 2


def test_a_rollback_is_at_most_26_calls_without_a_cache_after_1000_deployments(yard: Yard) -> None:
    one_line(yard, BUSY)
    yard.on_a_fresh_machine()

    done, cost = yard.cost("rollback", BUSY, FIRST, "--yes", "--json")

    assert done.outcomes() == {(FIRST, BUSY): "deployed"}
    # Two of them look at the stack before it is planned: what holds data there and is in no release stays.
    # One more asks whether somebody has frozen it: a rollback reads one record, and no listing that would say so.
    assert counted(cost) == (26, 18), str(cost)


def test_a_page_of_history_is_one_listing_and_a_call_for_each_line(yard: Yard) -> None:
    yard.on_a_fresh_machine()

    done, cost = yard.cost("history", BUSY, FIRST, "--limit", "10", "--before", "900", "--json")

    assert [item["sequence"] for item in done.answer[FIRST]] == list(range(890, 900))
    kinds = Counter(call.name for call in cost.calls)
    # The record, whose number says where the newest begin, whose bucket it is, and the lines.
    assert kinds == {"GetCallerIdentity": 1, "AssumeRole": 1, "ListObjectsV2": 1, "GetObject": 2 + 10}, str(cost)


@pytest.fixture
def row(tmp_path: Path) -> Iterator[Yard]:
    with open_row(tmp_path / "workspace", ROW) as opened:
        yield opened


def test_promoting_all_units_is_at_most_11_calls_for_each(row: Yard) -> None:
    cost = promoted(row)

    assert not_shared(cost) == Counter(EACH), str(cost)
    assert len(cost.calls) - ONCE <= 11 * ROW, str(cost)


@pytest.mark.long
def test_promoting_all_units_from_a_fresh_machine_reads_a_manifest_and_two_templates_more(row: Yard) -> None:
    row.on_a_fresh_machine()

    cost = promoted(row)

    assert not_shared(cost) == Counter(EACH) + Counter(GetObject=2 + 3 * ROW), str(cost)


ONCE = 9
"""Who we are, two roles, how full the storage for code is, two listings, whose the bucket is, one reading of all stacks
before, the summary."""

EACH = {
    "GET": 1,  # how much of its storage for code the account uses
    "GetObject": 1,  # whose the bucket is
    "HeadObject": 2 * ROW,  # wheel and sdist
    "PutObject": 3 * ROW + 1,  # lease, history, record; the summary
    "CreateChangeSet": ROW,
    "DescribeChangeSet": ROW,
    "ExecuteChangeSet": ROW,
    "GetFunctionConfiguration": ROW,
    "GetAlias": ROW,  # the weights of an alias that was written are nobody's but the template's
    "GetCallerIdentity": 1,
    "AssumeRole": 2,
    "ListObjectsV2": 2,
}


def not_shared(cost: Cost) -> Counter[str]:
    """All calls but the readings of stacks, of which one may be for several units."""
    return Counter(call.name for call in cost.calls if call.name != "DescribeStacks")


def promoted(row: Yard) -> Cost:
    done, cost = row.cost("promote", ENVIRONMENTS[1], "--yes", "--json")
    assert set(done.outcomes().values()) == {"deployed"}
    return cost
