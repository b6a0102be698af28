"""What becomes of each resource of a running stack, and which steps are left."""

from __future__ import annotations

from typing import Any

import attrs
from inline_snapshot import snapshot

from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.released import JOURNAL
from multi_env_lambda.plan.stack_adoption import Declared, OldStack, StackAdoption, UnitStack, decided

KEYS = [{"AttributeName": "id", "KeyType": "HASH"}]
TAGS = {"multi_env_lambda:project": "shop"}
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def body(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


OLD = {
    "Orders": body("DynamoDB::Table", KeySchema=KEYS),
    "CreateFunction": body("Lambda::Function"),
    "Uploads": body("S3::Bucket"),
    "Role": body("IAM::Role"),
}
OURS = {
    "OrdersTable": body("DynamoDB::Table", TableName="shop-prod-orders", KeySchema=KEYS),
    "CreateFunction": body("Lambda::Function", FunctionName="shop-prod-create"),
}
DECLARED = {
    "OrdersTable": Declared(kind="tables", key="orders"),
    "CreateFunction": Declared(kind="functions", key="create"),
}


def old(resources: dict[str, Any], name: str = "shop-old", **more: Any) -> OldStack:
    return OldStack(
        name=name,
        stack_id=f"arn:aws:cloudformation:us-east-1:555555555555:stack/{name}/1",
        template={"Resources": resources, **more},
        resources=tuple(
            PhysicalResource(logical_id=key, type=one["Type"], physical_id=f"{name}-{key}-1A2B")
            for key, one in resources.items()
        ),
        outputs={},
        tags={},
        status="CREATE_COMPLETE",
    )


def ours(resources: dict[str, Any], *there: str, physical: str = "y", stated: str = "") -> UnitStack:
    return UnitStack(
        unit="shop",
        environment="prod",
        name="shop-prod",
        template={"Resources": resources},
        there=tuple(PhysicalResource(logical_id=one, type="AWS::X::Y", physical_id=physical) for one in there),
        declared={**DECLARED, "OrdersTable": Declared(kind="tables", key="orders", name=stated)},
        tags=TAGS,
    )


def fates(found: StackAdoption) -> dict[str, str]:
    return {one.logical_id: one.fate for one in found.resources}


def test_the_plan_says_what_becomes_of_each_resource() -> None:
    found = decided(old(OLD), ours(OURS))

    assert found.questions[0].answer == "take-over:shop-old"
    assert found.text() == snapshot("""\
the stack shop-old in prod and the unit shop, whose stack is shop-prod
  it is arn:aws:cloudformation:us-east-1:555555555555:stack/shop-old/1
  moves into the unit's stack, with its name and its data
    AWS::DynamoDB::Table Orders (shop-old-Orders-1A2B) → OrdersTable
  replaced by the unit, under another name
    AWS::Lambda::Function CreateFunction (shop-old-CreateFunction-1A2B) → shop-prod-create
      to keep its name, write this before:
      [tool.multi_env_lambda.environments.prod.functions.create]
      name = "shop-old-CreateFunction-1A2B"
  stays in the account with its data; the unit has nothing like it
    AWS::S3::Bucket Uploads (shop-old-Uploads-1A2B)
  stays in the old stack until that is deleted
    AWS::IAM::Role Role (shop-old-Role-1A2B)
  written into the pyproject.toml of shop, so that the next deploy keeps the names
    [tool.multi_env_lambda.environments.prod.tables.orders]
    name = "shop-old-Orders-1A2B"
  what is done
    1. state the names
    2. set DeletionPolicy and UpdateReplacePolicy to Retain in shop-old; no resource changes
    3. take 1 resource out of shop-old, which retains them; what refers to them gets their names
    4. import them into shop-prod, one after the other\
""")


def test_a_name_that_the_table_states_is_kept_and_nothing_has_to_be_written() -> None:
    stated = {
        "OrdersTable": body("DynamoDB::Table", TableName="shop-old-Orders-1A2B", KeySchema=KEYS),
        "CreateFunction": body("Lambda::Function", FunctionName="shop-old-CreateFunction-1A2B"),
    }
    found = decided(old(OLD), ours(stated))
    assert fates(found) == {"Orders": "moves", "CreateFunction": "moves", "Uploads": "left", "Role": "goes"}
    assert found.states == () and found.steps == ("retain", "release", "import")


def test_in_the_unit_s_own_stack_what_has_the_same_logical_id_stays() -> None:
    mine = {"Orders": body("DynamoDB::Table", KeySchema=KEYS)}
    found = decided(old({"Orders": OLD["Orders"]}, "shop-prod"), ours(mine, "Orders"))
    assert fates(found) == {"Orders": "stays"} and found.steps == ("retain", "claim")

    kept = old({"Orders": {**OLD["Orders"], **KEPT}}, "shop-prod")
    assert decided(kept, ours(mine, "Orders")).steps == ("claim",)
    assert decided(attrs.evolve(kept, tags=TAGS), ours(mine, "Orders")).steps == ()


def test_what_was_released_is_imported_by_the_next_run_and_then_nothing_is_left() -> None:
    noted = {"OrdersTable": {"was": "Orders", "type": "AWS::DynamoDB::Table", "physical_id": "shop-old-Orders-1A2B"}}
    stated = {"OrdersTable": body("DynamoDB::Table", TableName="shop-old-Orders-1A2B", KeySchema=KEYS)}
    rest = old({"Role": OLD["Role"]}, Metadata={JOURNAL: noted})

    assert decided(rest, ours(stated)).steps == ("import",)
    done = decided(rest, ours(stated, "OrdersTable", physical="shop-old-Orders-1A2B"))
    assert done.steps == () and fates(done) == {"Role": "goes", "Orders": "moved"} and done.problems == ()


def test_a_place_for_which_another_name_is_stated_is_another_stack_s_and_is_not_taken() -> None:
    """A run was killed after it had released ``first-Orders``; now somebody brings another stack."""
    found = decided(old(OLD), ours(OURS, stated="first-Orders"))
    assert found.states == () and found.problems == (
        "Orders (AWS::DynamoDB::Table shop-old-Orders-1A2B) would become OrdersTable, but the unit's table states "
        "another name for that: first-Orders",
    )


def test_what_was_released_is_not_given_up_for_something_else_in_its_place() -> None:
    noted = {"OrdersTable": {"was": "Orders", "type": "AWS::DynamoDB::Table", "physical_id": "shop-old-Orders-1A2B"}}
    rest = old({"Role": OLD["Role"]}, Metadata={JOURNAL: noted})
    left = "Orders (AWS::DynamoDB::Table shop-old-Orders-1A2B) has left shop-old to become OrdersTable, but"

    assert decided(rest, ours(OURS, "OrdersTable", physical="second")).problems == (
        f"{left} shop-prod has another one: second",
    )
    assert decided(rest, ours(OURS, stated="second")).problems == (
        f"{left} the unit's table states another name for that: second",
    )
    renamed = decided(rest, ours(OURS, "OrdersTable", physical="shop-old-Orders-1A2B", stated="soon-another"))
    assert renamed.states == () and renamed.problems == ()


def test_what_is_part_of_something_that_stays_is_not_taken_from_it_when_the_old_stack_is_deleted() -> None:
    queue = {"Ref": "Jobs"}
    resources = {
        "Jobs": body("SQS::Queue"),
        "Policy": body("SQS::QueuePolicy", Queues=[queue]),
        "Told": body("SNS::Subscription", Protocol="sqs", Endpoint={"Fn::GetAtt": ["Jobs", "Arn"]}),
        "Called": body("SNS::Subscription", Protocol="lambda", Endpoint={"Fn::GetAtt": ["CreateFunction", "Arn"]}),
        "Logs": body("Logs::LogGroup", LogGroupName="/aws/lambda/create"),
        "Mapping": body("Lambda::EventSourceMapping", EventSourceArn=queue),
    }
    found = decided(old(resources), ours(OURS))
    assert fates(found) == {
        "Jobs": "left",
        "Policy": "attached",
        "Told": "attached",
        "Called": "goes",
        "Logs": "left",
        "Mapping": "goes",
    }
    assert found.kept == {"Jobs", "Policy", "Told", "Logs"} and found.steps == ("retain",)

    resources["Told"] = {**body("SNS::Subscription", Endpoint="arn:aws:sqs:eu-west-1:555555555555:jobs"), **KEPT}
    assert fates(decided(old(resources), ours(OURS)))["Told"] == "attached"


def problems(resources: dict[str, Any], mine: dict[str, Any], *there: str) -> tuple[str, ...]:
    return decided(old(resources), ours(mine, *there)).problems


def test_what_cannot_come_in_as_it_is_stops_everything_with_both_names() -> None:
    other = [{"AttributeName": "day", "KeyType": "HASH"}]
    cache = {"Cache": body("ElastiCache::CacheCluster")}

    assert problems(cache, cache) == (
        "Cache (AWS::ElastiCache::CacheCluster shop-old-Cache-1A2B) would become Cache of shop-prod, "
        "but it cannot be imported",
    )
    assert problems(OLD, {"OrdersTable": body("DynamoDB::Table", KeySchema=other)}) == (
        "Orders (AWS::DynamoDB::Table shop-old-Orders-1A2B) would become OrdersTable, which would replace it: "
        "KeySchema differs",
    )
    assert problems(OLD, OURS, "OrdersTable") == (
        "Orders (AWS::DynamoDB::Table shop-old-Orders-1A2B) would become OrdersTable, but shop-prod has OrdersTable "
        "already: y",
    )
    bucket = {"Uploads": body("S3::Bucket", BucketName="uploads")}
    assert problems(OLD, bucket) == (
        "Uploads (AWS::S3::Bucket shop-old-Uploads-1A2B) would become Uploads, which would replace it: "
        "BucketName differs",
    )


def test_a_name_that_the_unit_would_make_a_second_time_is_said_before_anything_moves() -> None:
    """``AutoPublishAlias: live`` of SAM, where the function keeps its name."""
    machine = body("StepFunctions::StateMachine", StateMachineName="old-Machine-1")
    mine = {
        **OURS,
        "CreateAlias": body("Lambda::Alias", FunctionName={"Ref": "CreateFunction"}, Name="live"),
        "Machine": machine,
    }
    stack = old({"Alias": body("Lambda::Alias"), "Machine": machine})
    arn = "arn:aws:lambda:eu-west-1:555555555555:function"
    ids = {"Alias": f"{arn}:shop-prod-create:live", "Machine": "arn:aws:states:::stateMachine:old-Machine-1"}

    def with_ids(**ids: str) -> OldStack:
        found = tuple(attrs.evolve(one, physical_id=ids[one.logical_id]) for one in stack.resources)
        return attrs.evolve(stack, resources=found)

    alias = f"Alias (AWS::Lambda::Alias {ids['Alias']}) does not move, but CreateAlias of shop-prod would have the"
    second = f"Machine (AWS::StepFunctions::StateMachine {ids['Machine']}) does not move, but Machine of shop-prod"
    assert decided(with_ids(**ids), ours(mine)).problems == (
        f"{alias} same name",
        f"{second} would have the same name",
    )
    assert decided(with_ids(Alias=f"{arn}:old-create:live", Machine="old-Machine-2"), ours(mine)).problems == ()
    in_place = decided(attrs.evolve(with_ids(**ids), name="shop-prod"), ours(mine, "Machine"))
    assert in_place.problems == (f"{alias} same name",)


def test_two_that_fit_are_not_guessed() -> None:
    two = {
        "OrdersTable": body("DynamoDB::Table"),
        "Orders-": body("DynamoDB::Table"),
        "ORDERS": body("DynamoDB::Table"),
    }
    assert fates(decided(old({"orders": OLD["Orders"]}), ours(two))) == {"orders": "left"}
