"""Drift over a whole chain, in memory: what is compared, what is said, what ends up in the matrix."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.function import Smoke
from multi_env_lambda.model.plan import BlockedStep
from multi_env_lambda.model.record import current_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.operations.drift import find_drift, with_drift
from multi_env_lambda.testing.world import FakeWorld

from .callers import FUNCTION
from .test_moved_by_hand import killed
from .test_unsure import killed as killed_at_the_check
from .worlds import StillDescribed, chain, deploy, repair

MEMORY = PropertyDifference(path="/MemorySize", expected="256", actual="1024", kind="NOT_EQUAL")
BY_HAND = ResourceDrift(
    logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="MODIFIED", differences=(MEMORY,)
)
GONE = ResourceDrift(logical_id="Data", resource_type="AWS::DynamoDB::Table", status="DELETED", differences=())


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    fake = chain(tmp_path)
    deploy(fake, "test")
    return attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=lambda _: None))


def matrix(fake: FakeWorld) -> Status:
    config = fake.world.config
    units = tuple(project.name for project in fake.world.projects)
    return make_status(config, units, read_records(fake.world, config.environments))


def test_a_named_unit_of_which_nothing_is_recorded_is_a_problem_that_says_whether_its_stack_is_there(
    fake: FakeWorld,
) -> None:
    fake.store.objects.pop(current_key("test", "search"))

    (there,) = find_drift(fake.world, "search", "test")
    (absent,) = find_drift(fake.world, "search", "prod")
    everywhere = find_drift(fake.world, "search")

    assert there.problem.endswith("but the stack search-test exists: there is no record of it")
    assert absent.problem.endswith("no record says what should run, and there is no stack search-prod")
    assert there.hint.startswith("`deploy.py search test` deploys it")
    assert [(item.environment, bool(item.problem)) for item in everywhere] == [("sandbox", False), ("test", True)]


def test_a_first_deploy_that_was_killed_is_a_problem_of_the_named_unit(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    killed_at_the_check(fake)

    (found,) = find_drift(fake.world, "search", "sandbox")

    assert found.problem.endswith("but the stack search-sandbox exists: an attempt was not finished")


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


def test_what_cloudformation_cannot_compare_is_named_and_is_no_drift(fake: FakeWorld) -> None:
    fake.platform.unchecked["test", "orders-test"] = ("Door (AWS::SQS::QueuePolicy)",)

    found = find_drift(fake.world)

    assert not any(item.drifted for item in found)
    assert [item.not_compared for item in found if item.not_compared] == [
        "test orders not compared: Door (AWS::SQS::QueuePolicy): CloudFormation cannot read these types"
    ]


def test_unit_and_environment_narrow_what_is_compared(fake: FakeWorld) -> None:
    assert [item.stack_name for item in find_drift(fake.world, "orders", "test")] == ["orders-test"]


def test_a_stack_that_is_gone_does_not_hide_the_others(fake: FakeWorld) -> None:
    del fake.platform.stacks["sandbox", "orders-sandbox"]
    fake.platform.drifted["sandbox", "search-sandbox"] = (BY_HAND,)

    found = {item.project: item for item in find_drift(fake.world, environment="sandbox")}

    assert found["orders"].names == ("orders-sandbox deleted",)
    assert found["search"].drifted


def test_a_stack_that_a_failed_first_release_has_left_is_compared(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"never":true}')
    deploy(fake)
    fake.platform.drifted["sandbox", "search-sandbox"] = (BY_HAND,)

    found = find_drift(fake.world, "search", "sandbox")

    assert [(item.problem, item.names) for item in found] == [("", ("MainFunction/MemorySize",))]


def test_a_failed_first_release_that_left_no_stack_is_nothing_to_compare(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.platform.failing["search-sandbox"] = "refused"
    deploy(fake)

    assert find_drift(fake.world, "search", "sandbox") == ()


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
        ("/Environment/Variables/REDIS_AUTH", "default:hunter2"),
        ("/DB_PASSWORDS/0", "hunter2"),
        ("/Environment", '{"Variables": {"REDIS_AUTH": "default:hunter2"}}'),
        ("/Environment", '{"Variables": {"DB_PASSWORD": "hunter2", "LEVEL": "info"}}'),
    ],
    ids=["by its name", "by its form", "by the name of its list", "by its form inside an object", "inside an object"],
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

    assert (found.status, found.names) == ("DRIFTED", ("orders-test deleted",))
    assert found.hint.startswith("`repair.py orders test` fixes it")
    assert repair(fake, "test", "orders")["orders"].outcome == "deployed"
    assert not find_drift(fake.world, "orders", "test")[0].drifted


def test_what_is_being_deleted_is_not_compared_and_says_when_it_can_be(fake: FakeWorld) -> None:
    fake.platform.stacks["test", "orders-test"].status = "DELETE_IN_PROGRESS"

    (found,) = find_drift(fake.world, "orders", "test")
    (step,) = pipeline.plan(fake.world, Request(verb="repair", target="test", only=("orders",))).plan.steps

    assert (found.status, found.problem) == ("NOT_CHECKED", "stack orders-test in test: it is being deleted")
    assert found.hint == "run the same command again when it has been deleted"
    assert isinstance(step, BlockedStep) and "it is being deleted" in step.what


def test_a_stack_that_only_the_comparison_finds_gone_is_gone_and_comes_back(fake: FakeWorld) -> None:
    platform = StillDescribed(lambda _: "")
    platform.stacks = fake.platform.stacks

    (found,) = find_drift(attrs.evolve(fake.world, platform=platform), "orders", "test")

    assert (found.problem, found.status, found.names) == ("", "DRIFTED", ("orders-test deleted",))
    assert found.hint.startswith("`repair.py orders test` fixes it")
    del fake.platform.stacks["test", "orders-test"]
    assert repair(fake, "test", "orders")["orders"].outcome == "deployed"


def test_a_stack_of_somebody_else_under_our_name_is_not_compared(fake: FakeWorld) -> None:
    fake.platform.put_stack("test", "orders-test", "{}")

    (found,) = find_drift(fake.world, "orders", "test")

    assert "does not belong to this workspace: it has no tag of this tool" in found.problem


def outside(fake: FakeWorld, **resources: object) -> None:
    """Somebody sends a template of her own to the stack of orders in test, as `update_stack` does."""
    stack = fake.platform.stacks["test", "orders-test"]
    document = json.loads(stack.template)
    document["Resources"]["MainFunction"]["Properties"]["Timeout"] = 9
    document["Resources"] |= resources
    stack.template = json.dumps(document)


def test_a_template_that_somebody_else_sent_is_found_with_what_it_changes_and_the_command_that_undoes_it(
    fake: FakeWorld,
) -> None:
    before = fake.platform.stacks["test", "orders-test"].template
    outside(fake, Door={"Type": "AWS::IAM::Role", "Properties": {}})

    (found,) = find_drift(fake.world, "orders", "test")

    assert (found.status, found.names) == ("DRIFTED", ("Door added", "MainFunction/Timeout"))
    assert found.changed == "2026-01-01T00:00:00+00:00"
    assert found.hint.startswith("`repair.py orders test` fixes it")
    assert repair(fake, "test", "orders")["orders"].outcome == "deployed"
    assert fake.platform.stacks["test", "orders-test"].template == before
    assert not find_drift(fake.world, "orders", "test")[0].drifted


def test_a_template_of_which_more_is_changed_than_resources_is_found_too(fake: FakeWorld) -> None:
    stack = fake.platform.stacks["test", "orders-test"]
    stack.template = json.dumps({**json.loads(stack.template), "Outputs": {"Role": {"Value": "r"}}})

    assert find_drift(fake.world, "orders", "test")[0].names == ("the template modified",)


def test_a_secret_of_somebody_elses_template_goes_no_further(fake: FakeWorld) -> None:
    stack = fake.platform.stacks["test", "orders-test"]
    stack.template = stack.template.replace(
        '"FunctionName":"orders',
        '"Environment":{"Variables":{"DB_PASSWORD":"hunter2","URL":"amqp://u:hunter2@h"}},"FunctionName":"orders',
    )

    (found,) = find_drift(fake.world, "orders", "test")

    variables = "MainFunction/Environment/Variables"
    assert found.names == (f"{variables}/DB_PASSWORD", f"{variables}/URL")
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("there", "names"),
    [
        (AliasState(version="1", weights=()), ("MainAlias/FunctionVersion",)),
        (AliasState(version="1", weights=(("2", 0.1),)), ("MainAlias/FunctionVersion", "MainAlias/RoutingConfig")),
    ],
    ids=["version", "weights"],
)
def test_an_alias_that_was_moved_by_hand_is_found_for_every_function(
    fake: FakeWorld, there: AliasState, names: tuple[str, ...]
) -> None:
    """Whatever CloudFormation says: here nothing."""
    fake.platform.by_hand["orders-test-main"] = there

    (found,) = find_drift(fake.world, "orders", "test")

    assert (found.names, found.changed) == (names, "")
    assert repair(fake, "test", "orders")["orders"].outcome == "deployed"
    assert not find_drift(fake.world, "orders", "test")[0].drifted


def test_a_stack_whose_traffic_moves_is_as_it_should_be_until_somebody_moves_its_alias(tmp_path: Path) -> None:
    fake, _ = killed(tmp_path)
    assert not any(item.drifted for item in find_drift(fake.world))

    fake.platform.by_hand[FUNCTION] = AliasState(version=fake.tree.version_id("s2"), weights=())
    (found,) = (item for item in find_drift(fake.world) if item.drifted)

    assert found.names == ("MainAlias/FunctionVersion", "MainAlias/RoutingConfig")
    assert found.hint.startswith("`rollback.py search sandbox` restores what ran before")


def test_what_the_bucket_lacks_of_a_running_release_is_drift_that_says_how_it_comes_back(fake: FakeWorld) -> None:
    (lost,) = [key for key in fake.store.objects if key.endswith(".tar.gz") and "/search/" in key]
    kept = fake.store.objects.pop(lost)

    found = find_drift(fake.world, "search", "sandbox")

    assert [(item.status, item.names, item.for_good) for item in found] == [
        ("DRIFTED", (f"{lost} deleted",), f"the bucket lacks {lost}")
    ]
    assert "restore the version that the bucket has kept; or check out the release's commit" in found[0].hint
    fake.store.objects[lost] = kept
    assert not find_drift(fake.world, "search", "sandbox")[0].drifted
