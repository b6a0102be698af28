"""What an uncommitted table takes away from the committed order of environments."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.chain import weakened_order
from multi_env_lambda.model.environment import Environment

NAMES = ("sandbox", "test", "staging", "prod", "extra")
Chain = tuple[Environment, ...]


def place(name: str, account_id: str = "", region: str = "us-east-1") -> Environment:
    return Environment(name=name, account_id=account_id or f"{NAMES.index(name) + 1}" * 12, region=region)


def chain(*names: str) -> Chain:
    return tuple(map(place, names))


COMMITTED = chain("sandbox", "test", "prod")


def test_an_environment_that_is_left_out_is_said_with_both_orders() -> None:
    assert weakened_order(COMMITTED, chain("sandbox", "prod"), "prod") == (
        "prod: sandbox → test → prod is the committed order, but this work tree's table says sandbox → prod",
    )


def test_one_that_moved_behind_is_weaker_for_the_one_that_it_protected_and_for_no_other() -> None:
    table = chain("sandbox", "prod", "test")

    assert [bool(weakened_order(COMMITTED, table, name)) for name in ("sandbox", "test", "prod")] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("change", [{"account_id": "999999999999"}, {"region": "eu-west-1"}], ids=["account", "region"])
def test_another_place_is_said_with_both_values_for_it_and_for_all_behind_it(change: dict[str, str]) -> None:
    moved = attrs.evolve(place("test"), **change)
    table = (place("sandbox"), moved, place("prod"))

    assert weakened_order(COMMITTED, table, "sandbox") == ()
    for name in ("test", "prod"):
        assert weakened_order(COMMITTED, table, name) == (
            f"{name}: test is in us-east-1 of account 222222222222 as committed, "
            f"but this work tree's table says {moved.region} of account {moved.account_id}",
        )


@pytest.mark.parametrize("position", range(4))
def test_a_new_one_anywhere_takes_nothing_away(position: int) -> None:
    table = (*COMMITTED[:position], place("extra"), *COMMITTED[position:])

    assert [weakened_order(COMMITTED, table, item.name) for item in table] == [(), (), (), ()]


def chains() -> st.SearchStrategy[Chain]:
    accounts, regions = st.sampled_from(["1" * 12, "2" * 12]), st.sampled_from(["us-east-1", "eu-west-1"])
    names = st.lists(st.sampled_from(NAMES), unique=True, min_size=1)
    return names.flatmap(lambda found: st.tuples(*(st.builds(place, st.just(one), accounts, regions) for one in found)))


def model(committed: Chain, table: Chain, name: str) -> bool:
    """Every committed step on the way must be taken, at the same place, and no later step before an earlier one."""
    old = {item.name: (position, item.account_id, item.region) for position, item in enumerate(committed)}
    new = {item.name: (position, item.account_id, item.region) for position, item in enumerate(table)}
    if name not in old or name not in new:
        return False
    way = [one for one in old if old[one][0] <= old[name][0]]
    if any(one not in new or new[one][1:] != old[one][1:] for one in way):
        return True
    return any(new[first][0] > new[second][0] for first, second in zip(way, way[1:], strict=False))


@given(chains(), chains(), st.sampled_from(NAMES))
def test_what_is_weaker_is_what_a_ten_line_model_says(committed: Chain, table: Chain, name: str) -> None:
    found = weakened_order(committed, table, name)

    assert bool(found) == model(committed, table, name)
    assert all(line.startswith(f"{name}: ") and "committed" in line and "table says" in line for line in found)


@given(chains())
def test_the_same_table_takes_nothing_away(table: Chain) -> None:
    assert {weakened_order(table, table, name) for name in NAMES} == {()}
