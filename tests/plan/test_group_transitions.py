"""A group that a published version uses is neither replaced nor removed, but for a rollback, which says what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.group_transitions import stays_behind, stuck_group

ATTACHED = {"Fn::GetAtt": ["Out", "GroupId"]}


def group(function: bool = True, attached: object = ATTACHED, published: bool = True, **properties: Any) -> str:
    body = {"VpcId": "vpc-1", "GroupName": "out", "GroupDescription": "out", **properties}
    inside = {"Type": "AWS::Lambda::Function", "Properties": {"VpcConfig": {"SecurityGroupIds": ["sg-1", attached]}}}
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Buy"}}}
    made = {
        "Out": {"Type": "AWS::EC2::SecurityGroup", "Properties": body},
        **({"Buy": inside} if function else {}),
        **({"BuyVersion": version} if function and published else {}),
    }
    return json.dumps({"Resources": made})


def without_group(text: str) -> str:
    return json.dumps(
        {"Resources": {name: body for name, body in json.loads(text)["Resources"].items() if name != "Out"}}
    )


@pytest.mark.parametrize(
    ("key", "word", "was"),
    [("VpcId", "VPC", "vpc-1"), ("GroupName", "name", "out"), ("GroupDescription", "description", "out")],
)
def test_what_would_replace_a_security_group_is_refused(key: str, word: str, was: str) -> None:
    found = stuck_group(group(), group(**{key: "other"}))

    assert found is not None and found[0].startswith(f"Out: its {word} changes from {was} to other, which replaces")
    assert "give the new one another key" in found[1]
    assert stuck_group(group(), group(SecurityGroupEgress=[])) is None


@pytest.mark.parametrize("attached", [{"Fn::GetAtt": ["Out", "GroupId"]}, {"Ref": "Out"}])
def test_a_group_of_the_running_version_does_not_leave_before_it(attached: object) -> None:
    running = group(attached=attached)
    found = stuck_group(running, without_group(running))

    assert found is not None
    assert found[0] == "Out is removed, but the published version of Buy that runs now uses it until it goes"
    assert "take it out of `vpc`; remove it when `prune`" in found[1]


def test_a_group_leaves_with_its_functions_or_after_them() -> None:
    assert stuck_group(group(), without_group(group(function=False))) is None
    assert stuck_group(group(attached="sg-2"), without_group(group(attached="sg-2"))) is None
    unpublished = group(published=False)
    assert stuck_group(unpublished, without_group(unpublished)) is None
    assert stuck_group(group(), None) is None
    assert stuck_group(None, group()) is None


def test_a_rollback_says_what_stays() -> None:
    running = group()
    found = stuck_group(running, without_group(running))

    assert found is not None
    assert stays_behind(*found).endswith("and the group then stays in the account")
