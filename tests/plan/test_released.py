"""The templates between which something leaves a stack: retained first, then out, and nothing else changes."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.plan.released import as_text, is_retained, journal_of, released, retaining, values_asked

TABLE = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "orders-${Stage}"}, "KeySchema": []}}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String"}, "Key": {"Type": "String", "NoEcho": True}},
    "Resources": {
        "Orders": TABLE,
        "Create": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": ["Orders", "Role"],
            "Properties": {
                "Role": {"Fn::GetAtt": "Role.Arn"},
                "Environment": {"Variables": {"TABLE": {"Ref": "Orders"}, "STAGE": {"Ref": "Stage"}}},
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "DependsOn": "Orders",
            "Properties": {"Arns": [{"Fn::Sub": ["${Orders.Arn}/${More}/${!Orders}", {"More": {"Ref": "Orders"}}]}]},
        },
    },
    "Outputs": {"Table": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}, "Export": {"Name": "orders"}}},
}


def texts(template: dict[str, Any], *moved: str) -> dict[str, str]:
    """What CloudFormation would say."""
    said = {"orders-${Stage}": "orders-prod", "Orders": "orders-prod", "Role.Arn": "arn:role"}

    def text(node: Any) -> str:
        (value,) = node.values()
        return "arn:orders-prod" if value == ["Orders", "Arn"] else said[value]

    return {key: text(node) for key, node in values_asked(template, moved).items()}


def test_only_policies_metadata_and_outputs_are_added_first() -> None:
    found = retaining(TEMPLATE, {"Orders"}, {"Orders"})

    orders = found["Resources"]["Orders"]
    assert is_retained(orders) and orders["Properties"] == TABLE["Properties"] and orders["Metadata"]
    assert {name: body for name, body in found["Resources"].items() if name != "Orders"} == {
        name: body for name, body in TEMPLATE["Resources"].items() if name != "Orders"
    }
    values = [body["Value"] for name, body in found["Outputs"].items() if name != "Table"]
    assert values == [{"Fn::Sub": "orders-${Stage}"}, {"Ref": "Orders"}, {"Fn::GetAtt": ["Orders", "Arn"]}]
    assert retaining(found, {"Orders"}, {"Orders"}) == found


def test_what_leaves_is_known_by_texts_and_is_noted() -> None:
    first = retaining(TEMPLATE, {"Orders"}, {"Orders"})

    found = released(first, {"Orders"}, texts(first, "Orders"), {"OrdersTable": {"was": "Orders"}})

    assert journal_of(found) == {"OrdersTable": {"was": "Orders"}}
    assert found["Outputs"] == {"Table": {"Value": "arn:orders-prod", "Export": {"Name": "orders"}}}
    create, role = found["Resources"]["Create"], found["Resources"]["Role"]
    assert create["DependsOn"] == ["Role"] and "DependsOn" not in role
    assert create["Properties"]["Environment"]["Variables"] == {"TABLE": "orders-prod", "STAGE": {"Ref": "Stage"}}
    assert role["Properties"]["Arns"] == [{"Fn::Sub": ["arn:orders-prod/${More}/${!Orders}", {"More": "orders-prod"}]}]


def test_what_is_imported_is_as_it_was_without_references_and_without_secrets() -> None:
    first = retaining(TEMPLATE, {"Orders"}, {"Orders"})
    assert as_text(first, "Orders", texts(first, "Orders")) == {"TableName": "orders-prod", "KeySchema": []}

    secret = {"Ref": "Key"}
    more = {**TABLE["Properties"], "Secret": secret, "Tags": {"Fn::If": ["A", [], {"Ref": "AWS::NoValue"}]}}
    template = {**TEMPLATE, "Resources": {"Orders": {**TABLE, "Properties": more}}}
    asked = values_asked(template, {"Orders"})
    assert secret not in asked.values()
    assert set(as_text(template, "Orders", texts(template, "Orders"))) == {"TableName", "KeySchema"}


def test_a_stack_from_which_everything_leaves_still_has_a_resource() -> None:
    template = {"Resources": {"Orders": {"Type": "AWS::S3::Bucket"}}}
    found = released(retaining(template, {"Orders"}, {"Orders"}), {"Orders"}, {}, {})
    assert list(found["Resources"]) == ["Nothing"]
