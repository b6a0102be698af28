"""The plan tells which values units hand to each other."""

from __future__ import annotations

import json
from typing import Any

from multi_env_lambda.plan.handed_over import handed_notes


def reads(**variables: str) -> str:
    body: dict[str, Any] = {"Environment": {"Variables": variables}}
    return json.dumps({"Resources": {"MainFunction": {"Type": "AWS::Lambda::Function", "Properties": body}}})


def holds(value: Any, name: str = "/shop/prod/orders") -> str:
    body = {"Name": name, "Value": value}
    return json.dumps({"Resources": {"OrdersParameter": {"Type": "AWS::SSM::Parameter", "Properties": body}}})


READ = "{{resolve:ssm:/shop/prod/orders}}"
NOTE = "MainFunction reads `orders` of shop into SHOP (the parameter /shop/prod/orders)"


def test_what_is_read_from_now_on_is_told_once() -> None:
    assert handed_notes(None, reads(SHOP=READ), "prod") == (NOTE,)
    assert handed_notes(reads(SHOP=READ), reads(SHOP=READ, OTHER="x"), "prod") == ()


def test_parameters_of_others_are_no_values_of_units() -> None:
    others = reads(A1="{{resolve:ssm:/shop/url}}", A2="{{resolve:ssm:/shop/test/orders}}", A3="/shop/prod/orders")

    assert handed_notes(None, others, "prod") == ()


def test_a_value_that_changes_is_told_and_a_new_one_is_not() -> None:
    changed = "the value of /shop/prod/orders changes: other units get it with their next deploy that changes them"

    assert handed_notes(holds("a"), holds({"Ref": "Table"}), "prod") == (changed,)
    assert handed_notes(holds("a"), holds("a"), "prod") == handed_notes(None, holds("a"), "prod") == ()
