"""An environment that left the table, and a unit that is in an old place: shown, named, and ended."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.left import left_lines, lines_of_left, with_all_left, with_all_records, with_left
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.left import left_environment
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.status import make_status
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.operations.prune import find_prunable
from multi_env_lambda.testing.world import FakeWorld, fake_config
from multi_env_lambda.world import World
from tests.plan.record_values import deployment

from .test_repair import CHANGED
from .worlds import chain, deploy

LINE = "! staging left the table: customers 0.1.0, orders 0.1.0, search 0.1.0 still run in 444444444444 us-east-1; "


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    """Everything runs up to staging."""
    fake = chain(tmp_path)
    deploy(fake, "staging")
    return fake


def without(fake: FakeWorld, name: str = "staging") -> World:
    config = fake.world.config
    places = tuple(place for place in config.environments if place.name != name)
    return attrs.evolve(fake.world, config=attrs.evolve(config, environments=places))


def test_what_still_runs_where_is_told_as_of_a_removed_unit(fake: FakeWorld) -> None:
    world = without(fake)

    assert lines_of_left(world) == (f"{LINE}`destroy.py UNIT staging` removes a unit",)
    assert lines_of_left(fake.world) == ()


def test_every_record_is_read_once_also_those_of_an_environment_that_left(fake: FakeWorld) -> None:
    fake.store.reads.clear()

    world, found = with_all_records(without(fake))

    listed = [prefix for kind, prefix in fake.store.reads if kind == "list"]
    assert [place.name for place in world.config.left] == ["staging"]
    assert found.records == read_records(world, (*world.config.environments, *world.config.left))
    assert sorted(listed) == sorted(set(listed))
    assert [prefix for prefix in listed if "staging" in prefix] != []


def test_the_matrix_has_its_column_at_the_end_and_nothing_of_it_is_behind(fake: FakeWorld) -> None:
    deploy(fake, "prod")
    fake.tree.content["orders"] = "o2"
    deploy(fake, "staging")
    world = with_all_left(without(fake))
    places = (*world.config.environments, *world.config.left)

    status = make_status(world.config, ("orders",), read_records(world, places))

    assert (status.environments[-1], status.left) == ("staging", ("staging",))
    assert status.cell("orders", "staging").release != status.cell("orders", "prod").release
    assert not status.cell("orders", "staging").behind


def test_only_who_names_it_asks_for_it(fake: FakeWorld) -> None:
    fake.store.reads.clear()
    assert with_left(fake.world, "staging") is fake.world
    assert fake.store.reads == []


def test_a_name_that_nobody_knows_stays_unknown(fake: FakeWorld) -> None:
    with pytest.raises(ConfigurationError, match="there is no environment `stagin`"):
        find_removal(fake.world, "orders", "stagin")


def test_it_is_compared_and_destroyed_and_then_forgotten(fake: FakeWorld) -> None:
    world = without(fake)
    assert [item.stack_name for item in find_drift(with_left(world, "staging"), "search", "staging")] == [
        "search-staging"
    ]

    fake.platform.drifted["staging", "search-staging"] = (CHANGED,)
    (found,) = find_drift(with_left(world, "staging"), "search", "staging")
    assert found.hint.startswith("`destroy.py search staging` removes it") and "repair.py" not in found.hint

    removal = find_removal(world, "search", "staging")
    assert removal.place == "444444444444 us-east-1" and removal.place in removal.text()
    assert destroy(world, removal, Consent()).outcome == "destroyed"

    assert ("staging", "search-staging") not in fake.platform.stacks
    assert "search" not in lines_of_left(world)[0]
    assert world.ledger.history("staging", "search")[-1].action == "destroy"


def test_prune_keeps_what_runs_there(fake: FakeWorld) -> None:
    assert find_prunable(without(fake)).candidates == ()


def test_what_does_not_say_where_it_was_is_refused_with_the_way_out(fake: FakeWorld) -> None:
    record = Record(project="orders", environment="old", running=deployment(), latest=deployment())
    fake.store.put_new("environments/old/current/orders.json", record.to_bytes())

    with pytest.raises(ConfigurationError, match="do not say in which account") as caught:
        find_removal(fake.world, "orders", "old")
    assert "add it to the table again" in caught.value.hint


def test_one_gets_in_as_into_the_environment_of_the_same_account() -> None:
    config = fake_config()
    own = attrs.evolve(config.environments[1], role_name="mine", approval=True)
    config = attrs.evolve(config, environments=(config.environments[0], own))

    def left(account_id: str) -> str:
        running = deployment(account_id=account_id, region="eu-west-1")
        place = left_environment(config, "old", [Record(project="orders", environment="old", running=running)])
        assert place is not None and (place.region, place.approval) == ("eu-west-1", False)
        return place.role_name

    assert left(own.account_id) == "mine"
    assert left("999999999999") == config.environments[0].role_name


def test_where_nothing_runs_any_more_nothing_is_told() -> None:
    place = fake_config().environments[0]
    assert left_lines([place], {("sandbox", "orders"): Record(project="orders", environment="sandbox")}) == ()


def test_a_unit_in_the_old_place_of_its_environment_is_destroyed_there(fake: FakeWorld) -> None:
    config = fake.world.config
    moved = tuple(
        attrs.evolve(place, account_id="999999999999") if place.name == "staging" else place
        for place in config.environments
    )
    world = attrs.evolve(fake.world, config=attrs.evolve(config, environments=moved))

    removal = find_removal(world, "search", "staging")

    assert removal.place == "444444444444 us-east-1"
    assert destroy(world, removal, Consent()).outcome == "destroyed"
    last = world.ledger.history("staging", "search")[-1]
    assert (last.action, last.account_id) == ("destroy", "444444444444")


def test_a_removal_where_the_table_says_is_what_it_was_before(fake: FakeWorld) -> None:
    removal = find_removal(fake.world, "search", "staging")

    assert removal.place == "" and "place" not in removal.to_dict()["removal"]
