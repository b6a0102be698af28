"""Whose a stack is, and what a person reads before it is taken over."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.model.record import PhysicalResource, Record
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.ownership import Foreign, Owner, owner_of, stack_tags, take_over, taken_over, whose
from tests.plan.record_values import deployment

OURS = Owner(workspace="ours", project="billing", environment="sandbox")
TAGS = stack_tags("ours", "billing", "sandbox")
OF_0_1_1 = stack_tags("", "billing", "sandbox")
TABLE = PhysicalResource(logical_id="Ledger", type="AWS::DynamoDB::Table", physical_id="ledger")
TOPIC = PhysicalResource(logical_id="Alarm", type="AWS::SNS::Topic", physical_id="arn:alarm")


def recorded(outcome: str, stack_id: str = "") -> Owner:
    latest = deployment(outcome=outcome, stack_id=stack_id)
    running = latest if outcome == "succeeded" else None
    record = Record(project="billing", environment="sandbox", running=running, latest=latest)
    return owner_of("ours", "billing", "sandbox", record)


def foreign(*resources: PhysicalResource, tags: dict[str, str] | None = None) -> Foreign:
    return Foreign(name="billing-sandbox", stack_id="arn:stack/1", tags=tags or {}, resources=resources)


def test_three_matching_tags_are_enough() -> None:
    assert OURS.owns(TAGS, "arn:stack/1")


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"owner": "somebody"},
        stack_tags("theirs", "billing", "sandbox"),
        stack_tags("ours", "orders", "sandbox"),
        stack_tags("ours", "billing", "prod"),
        {"multi_env_lambda:workspace": "ours"},
        OF_0_1_1,
    ],
)
def test_anything_else_is_foreign(tags: dict[str, str]) -> None:
    assert not OURS.owns(tags, "arn:stack/1")


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_stack_of_0_1_1_is_ours_by_its_two_tags_and_our_record(outcome: str) -> None:
    assert recorded(outcome).owns(OF_0_1_1, "arn:stack/1")


def test_two_tags_are_not_enough_where_our_record_names_another_stack() -> None:
    assert recorded("succeeded", "arn:stack/1").owns(OF_0_1_1, "arn:stack/1")
    assert not recorded("succeeded", "arn:stack/0").owns(OF_0_1_1, "arn:stack/1")


def test_a_record_that_says_destroyed_owns_nothing() -> None:
    assert not recorded("destroyed").owns(OF_0_1_1, "arn:stack/1")


def test_a_record_makes_no_stack_ours_that_says_otherwise() -> None:
    assert not recorded("succeeded").owns({}, "arn:stack/1")
    assert not recorded("succeeded").owns(stack_tags("theirs", "billing", "sandbox"), "arn:stack/1")
    assert not recorded("succeeded").owns(stack_tags("", "orders", "sandbox"), "arn:stack/1")


def test_a_workspace_without_an_id_owns_no_stack_with_one() -> None:
    assert not owner_of("", "billing", "sandbox", None).owns(
        {**OF_0_1_1, "multi_env_lambda:workspace": ""}, "arn:stack/1"
    )


def test_a_person_is_told_whose_it_is() -> None:
    assert whose(stack_tags("theirs", "billing", "prod")) == (
        "it belongs to workspace theirs, unit billing, environment prod"
    )
    assert whose(OF_0_1_1) == "it belongs to no workspace, unit billing, environment sandbox"
    assert whose({"team": "b"}) == "it has another tool's tags (team=b)"
    assert whose({}) == "it has no tag of this tool"


def test_the_question_names_everything_that_is_there_and_what_would_be_lost_with_data_first() -> None:
    rule = PhysicalResource(logical_id="Rule", type="AWS::Events::Rule", physical_id="r")
    template = {"Resources": {"Rule": {"Type": "AWS::Events::Rule"}}}

    question = take_over(foreign(TOPIC, rule, TABLE), template, "sandbox")

    assert (question.kind, question.answer) == ("take over", "take-over:billing-sandbox")
    assert question.text == snapshot("""\
the stack billing-sandbox in sandbox does not belong to this workspace: it has no tag of this tool
it is arn:stack/1
in it: 3 resources
  AWS::DynamoDB::Table Ledger (ledger)
  AWS::Events::Rule Rule (r)
  AWS::SNS::Topic Alarm (arn:alarm)
taking it over means:
  AWS::DynamoDB::Table Ledger (ledger) would be deleted, with the data in it
  AWS::SNS::Topic Alarm (arn:alarm) would be deleted\
""")


def test_what_holds_data_and_has_our_id_and_type_is_perhaps_replaced() -> None:
    template = {"Resources": {"Ledger": {"Type": "AWS::DynamoDB::Table"}}}

    assert "would be changed, perhaps replaced, with the data in it" in take_over(foreign(TABLE), template, "x").text


def test_another_type_under_our_id_is_replaced() -> None:
    template = {"Resources": {"Ledger": {"Type": "AWS::SNS::Topic"}}}

    assert "would be replaced by a AWS::SNS::Topic" in take_over(foreign(TABLE), template, "x").text


def test_a_stack_that_loses_nothing_says_so() -> None:
    assert take_over(foreign(), {"Resources": {}}, "x").text.endswith("taking it over would delete nothing")


def test_the_changes_count_what_goes_away() -> None:
    text = '{"Resources": {"Alarm": {"Type": "AWS::SNS::Topic"}, "Main": {"Type": "AWS::Lambda::Function"}}}'
    template = {"Resources": {"Alarm": {"Type": "AWS::SNS::Topic"}, "Main": {"Type": "AWS::Lambda::Function"}}}

    found = taken_over(changes(None, text), foreign(TABLE, TOPIC), template)

    assert [(item.action, item.logical_id, item.replacement, item.destructive) for item in found] == [
        ("modify", "Alarm", "maybe", False),
        ("remove", "Ledger", "no", True),
        ("add", "Main", "no", False),
    ]
