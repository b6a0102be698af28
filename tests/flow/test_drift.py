"""Drift over a whole chain, in memory: what is compared, what is said, what ends up in the matrix."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.drift import find_drift, with_drift
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy

MEMORY = PropertyDifference(path="/MemorySize", expected="256", actual="1024", kind="NOT_EQUAL")
BY_HAND = ResourceDrift(
    logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="MODIFIED", differences=(MEMORY,)
)
GONE = ResourceDrift(logical_id="Data", resource_type="AWS::DynamoDB::Table", status="DELETED", differences=())


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    fake = chain(tmp_path)
    deploy(fake, "test")
    return fake


def matrix(fake: FakeWorld) -> Status:
    config = fake.world.config
    units = tuple(project.name for project in fake.world.projects)
    return make_status(config, units, read_records(fake.world, config.environments))


def test_every_stack_that_runs_something_is_compared(fake: FakeWorld) -> None:
    found = find_drift(fake.world)

    assert [item.stack_name for item in found] == [
        *("customers-sandbox", "orders-sandbox", "search-sandbox"),
        *("customers-test", "orders-test", "search-test"),
    ]
    assert not any(item.drifted or item.problem for item in found)


def test_a_change_by_hand_is_found_in_its_unit_and_environment(fake: FakeWorld) -> None:
    fake.platform.drifted["test", "orders-test"] = (BY_HAND, GONE)

    found = [item for item in find_drift(fake.world) if item.drifted]

    assert [(item.project, item.environment) for item in found] == [("orders", "test")]
    assert found[0].names == ("MainFunction/MemorySize", "Data deleted")


def test_unit_and_environment_narrow_what_is_compared(fake: FakeWorld) -> None:
    assert [item.stack_name for item in find_drift(fake.world, "orders", "test")] == ["orders-test"]


def test_a_stack_that_is_gone_does_not_hide_the_others(fake: FakeWorld) -> None:
    del fake.platform.stacks["sandbox", "orders-sandbox"]
    fake.platform.drifted["sandbox", "search-sandbox"] = (BY_HAND,)

    found = {item.project: item for item in find_drift(fake.world, environment="sandbox")}

    assert "the stack orders-sandbox is gone" in found["orders"].problem
    assert found["search"].drifted


def test_the_matrix_knows_drift_only_where_it_was_looked_for(fake: FakeWorld) -> None:
    fake.platform.drifted["test", "orders-test"] = (BY_HAND,)

    status = with_drift(matrix(fake), find_drift(fake.world, environment="test"))

    assert status.cell("orders", "test").drift == ("MainFunction/MemorySize",)
    assert status.cell("search", "test").drift == ()
    assert status.cell("orders", "sandbox").drift is None


def test_an_unknown_unit_is_refused_with_a_hint(fake: FakeWorld) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_drift(fake.world, "order")
    assert "orders" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "actual"),
    [
        ("/Environment/Variables/DB_PASSWORD", "hunter2"),
        ("/Environment", '{"Variables": {"DB_PASSWORD": "hunter2", "LEVEL": "info"}}'),
    ],
    ids=["by its name", "inside an object"],
)
def test_a_password_that_was_typed_into_the_console_goes_no_further(fake: FakeWorld, path: str, actual: str) -> None:
    typed = PropertyDifference(path=path, expected="null", actual=actual, kind="ADD")
    fake.platform.drifted["test", "orders-test"] = (attrs.evolve(BY_HAND, differences=(typed,)),)

    found = find_drift(fake.world, "orders", "test")

    assert found[0].drifted
    assert "hunter2" not in str(found) and "***" in str(found)


def test_a_stack_that_is_gone_is_named_with_what_brings_it_back(fake: FakeWorld) -> None:
    del fake.platform.stacks["test", "orders-test"]

    (found,) = find_drift(fake.world, "orders", "test")

    assert found.problem == "orders in test: the stack orders-test is gone"
    assert found.hint == "to bring it back: `deploy test --only orders --force`"


def test_a_stack_of_somebody_else_under_our_name_is_not_compared(fake: FakeWorld) -> None:
    fake.platform.put_stack("test", "orders-test", "{}")

    (found,) = find_drift(fake.world, "orders", "test")

    assert "is not of this workspace: it has no tag of this tool" in found.problem
