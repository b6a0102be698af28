"""A stack's template compared with what was deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.aliases import said_aliases
from multi_env_lambda.plan.outside import changed_outside


def template(version: object = "1", timeout: int = 3, **more: Any) -> str:
    alias = {"Name": "live", "FunctionName": {"Ref": "F"}, "FunctionVersion": version}
    function = {"FunctionName": "f", "Timeout": timeout}
    return json.dumps(
        {
            "Resources": {
                "F": {"Type": "AWS::Lambda::Function", "Properties": function},
                "A": {"Type": "AWS::Lambda::Alias", "Properties": alias},
            },
            **more,
        },
        indent=1,
    )


RUNNING = template()


@pytest.mark.parametrize(
    ("there", "under_way", "changed"),
    [
        (RUNNING, (), []),
        (json.dumps(json.loads(RUNNING), sort_keys=True), (), []),
        (template(timeout=9), (), ["F"]),
        (template("2"), (), ["A"]),
        (template("2", timeout=9), (template("3", timeout=9),), []),
        (template("2", timeout=10), (template("3", timeout=9),), ["A", "F"]),
    ],
    ids=["same", "same in another order", "timeout", "alias", "held back", "neither"],
)
def test_what_tells_a_template_from_the_deployed_one(
    there: str, under_way: tuple[str, ...], changed: list[str]
) -> None:
    found = changed_outside(there, RUNNING, under_way)

    assert found is not None and [item.logical_id for item in found] == changed


@pytest.mark.parametrize("there", ["Resources: {}", template(Outputs={"O": {"Value": "v"}})], ids=["YAML", "an output"])
def test_what_is_no_change_of_a_resource_is_told_as_such(there: str) -> None:
    assert changed_outside(there, RUNNING) is None


def test_an_alias_that_only_cloudformation_can_work_out_is_not_compared() -> None:
    assert said_aliases(template({"Fn::If": ["c", "1", "2"]}), ()) == ()
    assert said_aliases("Resources: {}", ()) == ()
    assert [alias.state.version for alias in said_aliases(template("7"), ())] == ["7"]
