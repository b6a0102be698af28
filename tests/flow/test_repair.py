"""A repair makes true again what the records say, by the release that runs, and touches nothing else."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import PlanStale
from multi_env_lambda.model.plan import DeployStep, UnchangedStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.testing.world import FakeWorld
from multi_env_lambda.world import AliasState

from .callers import Clock
from .test_moved_by_hand import killed
from .worlds import chain, deploy, outcomes, repair, ruled

MEMORY = PropertyDifference(path="/MemorySize", expected="256", actual="1024", kind="NOT_EQUAL")
CHANGED = ResourceDrift(
    logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="MODIFIED", differences=(MEMORY,)
)
TABLE = ResourceDrift(logical_id="Data", resource_type="AWS::DynamoDB::Table", status="DELETED", differences=())
AT = ("sandbox", "orders-sandbox")
EMPTY = '{"Resources": {}}'


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    fake = chain(tmp_path)
    deploy(fake)
    return attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=lambda _: None))


def planned(fake: FakeWorld, *units: str) -> DeployStep:
    plan = pipeline.plan(fake.world, Request(verb="repair", target="sandbox", only=units)).plan
    (step,) = plan.deploys
    return step


def test_the_plan_names_what_is_put_right_and_what_was_lost_with_it(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED, TABLE)

    step = planned(fake, "orders")

    found = [
        (item.action, item.logical_id, [(each.path, each.old, each.new) for each in item.properties])
        for item in step.changes
    ]
    assert found == [("add", "Data", []), ("modify", "MainFunction", [("MemorySize", "1024", "256")])]
    assert step.notes == ("Data (AWS::DynamoDB::Table) was deleted with its content, and is recreated empty",)
    assert (step.action, step.release.digest) == ("repair", step.running)


def test_only_what_is_wrong_is_touched(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    before = {name: stack.updates for (_, name), stack in fake.platform.stacks.items()}

    assert outcomes(repair(fake, "sandbox")) == {"customers": "unchanged", "orders": "deployed", "search": "unchanged"}

    after = {name: stack.updates for (_, name), stack in fake.platform.stacks.items()}
    assert {name for name in after if after[name] != before[name]} == {"orders-sandbox"}
    assert not any(item.drifted for item in find_drift(fake.world, environment="sandbox"))


def test_it_is_recorded_with_who_and_why_and_the_release_stays(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    request = Request(verb="repair", target="sandbox", only=("orders",), reason="the night")
    before = fake.world.ledger.records("sandbox")["orders"].running
    pipeline.apply(fake.world, pipeline.plan(fake.world, request, soon=True))

    running = fake.world.ledger.records("sandbox")["orders"].running
    assert running is not None and before is not None
    assert (running.action, running.reason, running.release) == ("repair", "the night", before.release)


def test_where_nothing_is_wrong_nothing_is_written(fake: FakeWorld) -> None:
    written = len(fake.store.writes)

    result = repair(fake, "sandbox", "orders")["orders"]

    assert (result.outcome, result.detail, len(fake.store.writes)) == ("unchanged", "it is as it was deployed", written)


def test_a_stack_that_is_gone_is_made_anew_whole(fake: FakeWorld) -> None:
    del fake.platform.stacks[AT]

    step = planned(fake, "orders")
    assert "its stack no longer exists and is recreated completely" in step.why
    assert {change.action for change in step.changes} == {"add"} and len(step.changes) > 2
    assert repair(fake, "sandbox", "orders")["orders"].outcome == "deployed"
    assert AT in fake.platform.stacks


def test_what_cannot_be_put_right_is_no_success(fake: FakeWorld) -> None:
    class Stubborn(dict):  # type: ignore[type-arg]
        def pop(self, key: object, default: object = None) -> object:
            return default

    fake.platform.drifted = Stubborn({AT: (CHANGED,)})

    result = repair(fake, "sandbox", "orders")["orders"]

    assert (result.outcome, result.error) == ("failed", "CheckFailed")
    assert "still not as deployed: MainFunction/MemorySize" in result.detail


def test_a_stack_of_somebody_else_under_our_name_is_left_alone_and_named(fake: FakeWorld) -> None:
    fake.platform.put_stack("sandbox", "orders-sandbox", EMPTY)

    result = repair(fake, "sandbox", "orders")["orders"]

    assert result.outcome == "blocked" and "does not belong to this workspace" in result.detail
    assert fake.platform.stacks[AT].template == EMPTY


def test_a_unit_that_never_ran_is_refused_by_name_and_left_out_of_all(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    assert outcomes(repair(fake, "sandbox")) == dict.fromkeys(("customers", "orders", "search"), "unchanged")
    refused = repair(fake, "sandbox", "orders")["orders"]
    assert (refused.outcome, refused.hint) == ("blocked", "`deploy.py sandbox --only orders` deploys it there")


def test_traffic_on_its_way_is_nobodys_to_repair(tmp_path: Path) -> None:
    fake, _ = killed(tmp_path)

    result = repair(fake, "sandbox", "search")["search"]

    assert result.outcome == "blocked" and "is being deployed" in result.detail
    assert "`rollback.py search sandbox`" in result.hint


def test_the_gate_holds_for_a_repair_as_for_a_deploy(fake: FakeWorld, tmp_path: Path) -> None:
    strict = ruled(fake, tmp_path / "strict", sandbox={"approval": True})
    fake.platform.drifted[AT] = (CHANGED,)

    result = repair(strict, "sandbox", "orders")["orders"]

    assert (result.outcome, result.error) == ("blocked", "Refused")
    assert fake.platform.drifted[AT] == (CHANGED,)


def test_all_looks_whether_the_stacks_are_there(fake: FakeWorld) -> None:
    del fake.platform.stacks[AT]

    def steps(*, everything: bool) -> dict[str, str]:
        request = Request(verb="deploy", target="sandbox", everything=everything)
        return {item.project: type(item).__name__ for item in pipeline.plan(fake.world, request).plan.steps}

    assert set(steps(everything=False).values()) == {UnchangedStep.__name__}
    assert steps(everything=True)["orders"] == "BlockedStep"
    result = deploy(fake, everything=True)["orders"]
    assert "its stack orders-sandbox is gone" in result.detail
    assert result.hint.startswith("`repair.py orders sandbox` fixes it")


def test_all_names_a_stack_of_somebody_else_under_our_name(fake: FakeWorld) -> None:
    fake.platform.put_stack("sandbox", "orders-sandbox", EMPTY)

    result = deploy(fake, everything=True)["orders"]

    assert result.outcome == "blocked" and "does not belong to this workspace" in result.detail


def test_a_deploy_that_leaves_an_alias_where_somebody_moved_it_is_no_success(fake: FakeWorld) -> None:
    """CloudFormation does not write it: its template says the same as before."""
    fake.platform.by_hand["orders-sandbox-main"] = AliasState(version="1", weights=())
    fake.tree.properties["orders"] = {"Timeout": 9}

    result = deploy(fake)["orders"]

    assert result.error == "CheckFailed" and "its alias live points at version 1" in result.detail
    assert result.hint == "`repair.py orders sandbox` points it there again; then deploy once more"


def test_a_deploy_that_leaves_weights_of_somebody_on_an_alias_is_no_success(fake: FakeWorld) -> None:
    """An alias that is written without `RoutingConfig` keeps them."""
    clock = Clock()
    world = attrs.evolve(fake.world, sleep=clock.sleep, seconds=clock.seconds)
    fake.platform.left["orders-sandbox-main"] = (("1", 0.3),)
    fake.tree.content["orders"] = "o2"

    result = deploy(attrs.evolve(fake, world=world))["orders"]

    assert result.error == "CheckFailed" and "with 30 % to version 1, expected version" in result.detail


def test_a_saved_repair_is_carried_out_as_long_as_the_same_is_wrong(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    request = Request(verb="repair", target="sandbox", only=("orders",))
    saved = pipeline.plan(fake.world, request, closely=True).plan

    assert pipeline.same_again(fake.world, saved.to_dict()).plan.digest == saved.digest
    fake.platform.drifted[AT] = (CHANGED, TABLE)
    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, saved.to_dict())


def test_a_saved_repair_that_is_done_has_nothing_to_do(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    saved = pipeline.plan(fake.world, Request(verb="repair", target="sandbox", only=("orders",)), closely=True).plan
    (done,) = pipeline.apply(fake.world, pipeline.same_again(fake.world, saved.to_dict()))

    (again,) = pipeline.apply(fake.world, pipeline.same_again(fake.world, saved.to_dict()))

    assert (done.outcome, again.outcome) == ("deployed", "unchanged")
