"""What holds data and came with a failed release stays in the stack, with all that it refers to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.keeping import keeping, left_over

FUNCTION = {"Type": "AWS::Lambda::Function"}
TABLE = {"Type": "AWS::DynamoDB::Table"}
BEFORE = {"Parameters": {"Pin": {"Type": "String"}}, "Resources": {"Main": FUNCTION}}


def kept(**resources: Any) -> set[str]:
    failed = {"Resources": {"Main": {**FUNCTION, "Properties": {"Timeout": 3}}, **resources}}
    document = json.loads(keeping(json.dumps(BEFORE), json.dumps(failed)))
    assert document["Resources"]["Main"] == FUNCTION
    return set(document["Resources"]) - {"Main"}


def test_a_new_table_stays_as_it_is() -> None:
    assert kept(Ledger=TABLE, Role={"Type": "AWS::IAM::Role"}) == {"Ledger"}


def test_without_new_data_the_text_is_the_one_that_was_published() -> None:
    text = json.dumps(BEFORE)

    assert keeping(text, json.dumps({"Resources": {"Main": FUNCTION, "Role": {"Type": "AWS::IAM::Role"}}})) == text


def test_what_was_there_before_is_put_back_as_it_was() -> None:
    old = json.dumps({"Resources": {"Ledger": TABLE}})

    assert keeping(old, json.dumps({"Resources": {"Ledger": {**TABLE, "Properties": {"TableName": "b"}}}})) == old


def test_what_is_kept_by_its_policy_may_leave_the_stack() -> None:
    assert kept(Ledger={**TABLE, "DeletionPolicy": "Retain"}) == set()


@pytest.mark.parametrize(
    "more",
    [
        {"Properties": {"Key": {"Ref": "Other"}}},
        {"Properties": {"Key": {"Fn::GetAtt": ["Other", "Arn"]}}},
        {"Properties": {"Key": {"Fn::GetAtt": "Other.Arn"}}},
        {"Properties": {"Keys": [{"Fn::Sub": "${Other.Arn}-${AWS::Region}"}]}},
        {"Properties": {"Key": {"Fn::Sub": ["${Here}", {"Here": {"Ref": "Other"}}]}}},
        {"DependsOn": "Other"},
        {"DependsOn": ["Other", "Main"]},
    ],
)
def test_what_it_refers_to_comes_with_it(more: dict[str, Any]) -> None:
    assert kept(Ledger={**TABLE, **more}, Other={"Type": "AWS::SNS::Topic"}) == {"Ledger", "Other"}


def test_a_parameter_that_the_release_before_has_is_no_obstacle() -> None:
    assert kept(Ledger={**TABLE, "Properties": {"Key": {"Ref": "Pin"}}}) == {"Ledger"}


@pytest.mark.parametrize("more", [{"Properties": {"Key": {"Ref": "New"}}}, {"Condition": "New"}])
def test_where_it_cannot_stay_what_was_published_is_put_back_and_cloudformation_asked(more: dict[str, Any]) -> None:
    assert kept(Ledger={**TABLE, **more}) == set()


def at(name: str, logical_id: str = "Ledger") -> PhysicalResource:
    return PhysicalResource(logical_id=logical_id, type=TABLE["Type"], physical_id=name)


@pytest.mark.parametrize(
    ("policy", "stays"), [("Retain", True), ("RetainExceptOnCreate", True), ("Delete", False), ("Snapshot", False)]
)
def test_what_left_the_stack_stays_in_the_account_by_its_policy(policy: str, stays: bool) -> None:
    failed = json.dumps({"Resources": {"Ledger": {**TABLE, "DeletionPolicy": policy}}})

    assert left_over([at("a")], [], failed, json.dumps(BEFORE)) == ((at("a"),) if stays else ())
    assert left_over([at("a")], [at("a")], failed, json.dumps(BEFORE)) == ()


@pytest.mark.parametrize(("policy", "stays"), [("Retain", True), ("Delete", False)])
def test_what_was_replaced_stays_by_the_policy_of_the_template_that_replaced_it(policy: str, stays: bool) -> None:
    failed = json.dumps(
        {"Resources": {"Ledger": {**TABLE, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Delete"}}}
    )
    back = json.dumps({"Resources": {"Ledger": {**TABLE, "UpdateReplacePolicy": policy}}})

    assert left_over([at("new")], [at("old")], failed, back) == ((at("new"),) if stays else ())
