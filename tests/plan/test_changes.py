"""Two templates, and what lies between them."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.settings import SecretReference
from multi_env_lambda.plan.changes import MASK, changes
from tests.plan.template_values import SMALL, maximal, project, text


def with_one(type_: str, /, *, attributes: dict[str, Any] | None = None, **properties: Any) -> str:
    return json.dumps({"Resources": {"Thing": {"Type": type_, "Properties": properties, **(attributes or {})}}})


def only(old: str | None, new: str | None) -> ResourceChange:
    (change,) = changes(old, new)
    return change


def test_equal_templates_have_no_changes() -> None:
    assert changes(text(maximal()), text(maximal())) == ()


def test_a_new_stack_adds_everything() -> None:
    found = changes(None, text(maximal()))

    assert {change.action for change in found} == {"add"}
    assert len(found) == len(json.loads(text(maximal()))["Resources"])
    assert not any(change.destructive for change in found)


def test_one_changed_setting_is_one_property_and_a_new_version() -> None:
    found = changes(text(project(SMALL)), text(project(attrs.evolve(SMALL, memory_size=512))))

    by_type = {(change.type, change.action): change for change in found}
    assert set(by_type) == {
        ("AWS::Lambda::Alias", "modify"),
        ("AWS::Lambda::Function", "modify"),
        ("AWS::Lambda::Version", "add"),
        ("AWS::Lambda::Version", "remove"),
    }
    assert by_type["AWS::Lambda::Function", "modify"] == ResourceChange(
        action="modify",
        logical_id="CreateFunction",
        type="AWS::Lambda::Function",
        properties=(PropertyChange(path="MemorySize", old="128", new="512"),),
    )


def test_nested_properties_have_paths_and_absent_values_are_none() -> None:
    old = with_one("AWS::SQS::Queue", RedrivePolicy={"maxReceiveCount": 3})
    new = with_one("AWS::SQS::Queue", RedrivePolicy={"maxReceiveCount": 5, "deadLetterTargetArn": {"Ref": "Thing"}})

    assert only(old, new).properties == (
        PropertyChange(path="RedrivePolicy.deadLetterTargetArn", old=None, new='{"Ref":"Thing"}'),
        PropertyChange(path="RedrivePolicy.maxReceiveCount", old="3", new="5"),
    )


def test_other_attributes_are_changes_too() -> None:
    found = only(with_one("AWS::S3::Bucket"), with_one("AWS::S3::Bucket", attributes={"DeletionPolicy": "Retain"}))

    assert found.properties == (PropertyChange(path="DeletionPolicy", old=None, new='"Retain"'),)
    assert (found.replacement, found.destructive) == ("no", False)


@pytest.mark.parametrize(
    ("type_", "name", "replacement"),
    [
        ("AWS::S3::Bucket", "BucketName", "yes"),
        ("AWS::S3::Bucket", "AccelerateConfiguration", "no"),
        ("AWS::Lambda::Permission", "Principal", "yes"),
        ("AWS::Lambda::Function", "FunctionName", "yes"),
        ("AWS::Lambda::Function", "Timeout", "no"),
        ("AWS::Events::Rule", "ScheduleExpression", "no"),
        ("AWS::KMS::Key", "Description", "no"),
        ("AWS::Kinesis::Stream", "ShardCount", "no"),
        ("AWS::Timestream::Table", "TableName", "yes"),
        ("AWS::DynamoDB::GlobalTable", "KeySchema", "maybe"),
        ("Acme::Unknown::Thing", "Anything", "maybe"),
    ],
)
def test_whether_a_property_replaces_its_resource(type_: str, name: str, replacement: str) -> None:
    assert only(with_one(type_, **{name: "a"}), with_one(type_, **{name: "b"})).replacement == replacement


@pytest.mark.parametrize(
    ("old", "new", "replacement"),
    [
        ({"Name": "a"}, {"Name": "b"}, "yes"),
        ({"Name": "a"}, {"Name": "a", "Description": "of orders"}, "no"),
        ({"Name": "a"}, {"Fn::If": ["IsNew", {"Name": "b"}, {"Name": "a"}]}, "yes"),
    ],
)
def test_a_part_of_a_property_replaces_its_resource_or_does_not(old: object, new: object, replacement: str) -> None:
    tables = (with_one("AWS::Glue::Table", TableInput=item) for item in (old, new))

    assert only(*tables).replacement == replacement


def test_another_type_under_the_same_name_is_a_replacement() -> None:
    assert only(with_one("AWS::S3::Bucket", A=1), with_one("AWS::SNS::Topic", A=2)).replacement == "yes"


@pytest.mark.parametrize("type_", ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::RDS::DBProxy"])
def test_removing_what_holds_data_is_destructive(type_: str) -> None:
    assert only(with_one(type_), None).destructive is (type_ != "AWS::RDS::DBProxy")


@pytest.mark.parametrize(("name", "asks"), [("/mine/audit", True), ("/aws/lambda/billing-sandbox-main", False)])
def test_removing_a_log_group_is_destructive_unless_it_is_a_functions(name: str, asks: bool) -> None:
    assert only(with_one("AWS::Logs::LogGroup", LogGroupName=name), None).destructive is asks


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate", "Snapshot"])
def test_removing_what_is_retained_is_not_destructive(policy: str) -> None:
    assert not only(with_one("AWS::S3::Bucket", attributes={"DeletionPolicy": policy}), None).destructive


def test_a_database_leaves_a_snapshot_when_it_is_removed_but_not_when_it_is_replaced() -> None:
    old, new = (with_one("AWS::RDS::DBInstance", Engine=engine) for engine in ("mysql", "postgres"))

    assert not only(old, None).destructive
    assert only(old, new).destructive


def test_replacing_what_holds_data_is_destructive_unless_it_is_retained() -> None:
    old, new = with_one("AWS::S3::Bucket", BucketName="a"), with_one("AWS::S3::Bucket", BucketName="b")
    kept = with_one("AWS::S3::Bucket", BucketName="b", attributes={"UpdateReplacePolicy": "Retain"})

    assert only(old, new).destructive
    assert not only(old, kept).destructive


@pytest.mark.parametrize("type_", ["AWS::SDB::Domain", "AWS::EMR::Cluster"])
def test_what_holds_data_and_may_perhaps_be_replaced_counts_as_replaced(type_: str) -> None:
    found = only(with_one(type_, Anything="a"), with_one(type_, Anything="b"))

    assert (found.replacement, found.destructive) == ("maybe", True)


def test_values_anywhere_below_a_secret_looking_name_are_masked() -> None:
    old = with_one("AWS::Glue::Job", Credentials={"User": "ada", "More": [{"Value": "hunter2"}]})
    new = with_one("AWS::Glue::Job", Credentials={"User": "eve", "More": [{"Value": "hunter3"}]})

    assert {(item.old, item.new) for item in only(old, new).properties} == {(MASK, MASK)}


def test_what_stood_in_place_of_a_parameter_that_is_never_shown_is_masked() -> None:
    parameters = {"Pin": {"Type": "String", "NoEcho": True}}
    old, new = (
        json.dumps({**json.loads(with_one("AWS::Glue::Job", Start=value)), "Parameters": parameters})
        for value in ("hunter2", {"Ref": "Pin"})
    )

    assert only(old, new).properties == (PropertyChange(path="Start", old=MASK, new='{"Ref":"Pin"}'),)


def test_values_under_secret_looking_names_are_masked() -> None:
    old = with_one("AWS::Lambda::Function", Environment={"Variables": {"DB_PASSWORD": "hunter2", "TABLE": "a"}})
    new = with_one("AWS::Lambda::Function", Environment={"Variables": {"DB_PASSWORD": "hunter3", "TABLE": "b"}})

    assert only(old, new).properties == (
        PropertyChange(path="Environment.Variables.DB_PASSWORD", old=MASK, new=MASK),
        PropertyChange(path="Environment.Variables.TABLE", old='"a"', new='"b"'),
    )


def variables(old: dict[str, str], new: dict[str, str], *secrets: str) -> dict[str, tuple[str | None, str | None]]:
    """By variable what the plan shows, of a function whose role may read these secrets."""
    arns = [f"arn:aws:secretsmanager:eu-west-1:1:secret:{name}-??????" for name in secrets]
    both = (with_one("AWS::Lambda::Function", Environment={"Variables": each}, Resource=arns) for each in (old, new))
    return {item.path.rpartition(".")[2]: (item.old, item.new) for item in only(*both).properties}


def test_the_name_of_a_secret_and_of_a_key_in_it_are_shown() -> None:
    function = attrs.evolve(SMALL, environment=(("API_TOKEN", SecretReference(name="orders/token", key="password")),))
    found = [c for c in changes(None, text(project(function))) if c.type == "AWS::Lambda::Function"]
    shown = {item.path: item.new for change in found for item in change.properties}

    assert shown["Environment.Variables.API_TOKEN"] == '"orders/token"'
    assert shown["Environment.Variables.API_TOKEN_KEY"] == '"password"'


def test_what_was_a_literal_before_it_became_a_name_is_masked_and_the_name_is_not() -> None:
    assert variables({"DB_PASSWORD": "hunter2"}, {"DB_PASSWORD": "orders/db"}, "orders/db") == {
        "DB_PASSWORD": (MASK, '"orders/db"')
    }


def test_a_password_in_an_address_is_masked_under_any_name() -> None:
    new = {"DATABASE_URL": "postgres://u:hunter2@h/d", "A_KEY": "password"}

    assert variables({"A_KEY": "a"}, new) == {
        "DATABASE_URL": (None, '"postgres://u:***@h/d"'),
        "A_KEY": (MASK, MASK),
    }


def test_an_arn_and_a_dynamic_reference_are_names() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:orders/db-AbCdEf"
    found = variables({"DB_PASSWORD": arn}, {"DB_PASSWORD": "{{resolve:ssm:/orders/name}}"})

    assert found == {"DB_PASSWORD": (f'"{arn}"', '"{{resolve:ssm:/orders/name}}"')}


def test_a_removed_stack_removes_everything() -> None:
    assert {change.action for change in changes(text(maximal()), None)} == {"remove"}
