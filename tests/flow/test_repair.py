"""A repair makes true again what the records say, by the release that runs, and touches nothing else."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.errors import PlanStale
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.plan import DeployStep, UnchangedStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.testing.world import FakeWorld

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


def test_the_plan_names_what_is_wrong_also_where_an_attempt_ended_unseen(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    record = fake.world.ledger.records("sandbox")["orders"]
    key = "environments/sandbox/current/orders.json"
    body = attrs.evolve(record, unsure=record.release).to_bytes()
    fake.store.objects[key] = attrs.evolve(fake.store.objects[key], etag="new", body=body)

    (change,) = planned(fake, "orders").changes

    assert [(each.path, each.old, each.new) for each in change.properties] == [("MemorySize", "1024", "256")]


def test_only_what_is_wrong_is_touched(fake: FakeWorld) -> None:
    fake.platform.drifted[AT] = (CHANGED,)
    before = {name: stack.updates for (_, name), stack in fake.platform.stacks.items()}

    called = planned(fake, "orders").label
    assert called == f"0.1.0 ({planned(fake, 'orders').release.digest[:4]})"
    assert {planned(fake, "orders").running_label, repair(fake, "sandbox", "orders")["orders"].label} == {called}
    fake.platform.drifted[AT] = (CHANGED,)
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


def test_tags_that_somebody_has_given_to_a_stack_are_found_and_taken_off(fake: FakeWorld) -> None:
    tags = fake.platform.stacks[AT].tags
    before = dict(tags)
    tags["team"] = "blue"
    del tags["multi_env_lambda:workspace"]

    (change,) = planned(fake, "orders").changes
    assert (change.logical_id, change.type) == ("orders-sandbox", "AWS::CloudFormation::Stack")
    assert [(each.path, each.old, each.new) for each in change.properties] == [
        ("Tags.multi_env_lambda:workspace", None, "0fa4e0000001"),
        ("Tags.team", "blue", None),
    ]
    assert repair(fake, "sandbox", "orders")["orders"].outcome == "deployed"
    assert fake.platform.stacks[AT].tags == before
    assert not find_drift(fake.world, "orders", "sandbox")[0].drifted


def test_a_stack_of_0_1_1_lacks_no_tag_that_it_never_had(fake: FakeWorld) -> None:
    record = fake.world.ledger.records("sandbox")["orders"]
    assert record.running is not None
    old = attrs.evolve(record, running=attrs.evolve(record.running, stack_id=""))
    key = "environments/sandbox/current/orders.json"
    fake.store.objects[key] = attrs.evolve(fake.store.objects[key], etag="new", body=old.to_bytes())
    del fake.platform.stacks[AT].tags["multi_env_lambda:workspace"]

    assert not find_drift(fake.world, "orders", "sandbox")[0].drifted


def test_what_somebody_has_reserved_for_a_function_is_taken_back_before_it_is_called(fake: FakeWorld) -> None:
    name = "orders-sandbox-main"
    fake.platform.reservations[name] = 0
    called: list[int | None] = []
    fake.platform.answers[name] = lambda _: called.append(fake.platform.reservations.get(name)) or {"ok": True}
    fake.tree.smoke["orders"] = Smoke(payload="{}", expect='{"ok":true}')
    deploy(fake, only=("orders",), force=True)
    assert fake.platform.reservations == {name: 0}, "A deploy undoes nobody's emergency."

    (change,) = planned(fake, "orders").changes
    done = repair(fake, "sandbox", "orders")["orders"]

    assert [(each.path, each.old, each.new) for each in change.properties] == [
        ("ReservedConcurrentExecutions", "0", None)
    ]
    assert (done.outcome, fake.platform.reservations, called) == ("deployed", {}, [0, None])
    assert find_drift(fake.world, "orders", "sandbox")[0].resources == ()


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
    assert (refused.outcome, refused.hint) == ("blocked", "`deploy.py orders sandbox` deploys it there")


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
    assert result.hint == "`repair.py orders sandbox` points it there again; then deploy again"


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
