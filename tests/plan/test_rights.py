"""Whether IAM has something to apply after a deploy."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.plan.rights import rights_change


def unit(policy: str = "read", role: object = "arn:role", memory: int = 128, **more: object) -> str:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Role": role, "MemorySize": memory}}
    iam = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
    return json.dumps({"Resources": {"F": function, "R": iam, **more}})


POLICY = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {}}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (unit(), unit(), False),
        (unit(), unit(memory=256), False),
        (unit(), unit(Queue={"Type": "AWS::SQS::Queue"}), False),
        (None, unit(), True),
        (None, json.dumps({"Resources": {}}), False),
        (unit(), unit(policy="write"), True),
        (unit(), unit(role="arn:other"), True),
        (unit(), unit(More=POLICY), True),
        (unit(More=POLICY), unit(), True),
    ],
    ids=["nothing", "memory", "queue", "all is new", "no role", "policy", "other role", "one more", "one less"],
)
def test_a_change_of_roles_and_policies_and_of_who_has_them_is_seen(
    before: str | None, after: str, changed: bool
) -> None:
    assert rights_change(before, after) is changed
