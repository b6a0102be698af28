"""What CloudFormation may do with security groups: in the VPCs of the templates, and not with those of other stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.changes import replaced_by
from multi_env_lambda.plan.grant import Grant
from multi_env_lambda.plan.permissions import of_environment
from tests.plan.test_permissions import CONFIG, HANDLERS, PROD, stacks, template

GROUP = "AWS::EC2::SecurityGroup"
HERE = "us-east-1:555555555555"


def grants(*texts: str) -> dict[str, Grant]:
    found = of_environment(CONFIG, PROD, stacks(*texts), HANDLERS).grants
    return {grant.sid: grant for grant in found if any(action.startswith("ec2:") for action in grant.actions)}


def test_a_group_is_made_in_the_vpcs_that_templates_name() -> None:
    found = grants(template(GROUP, VpcId="vpc-1"), template(GROUP, VpcId="vpc-2"))["MakeSecurityGroups"]

    assert found.actions == ("ec2:CreateSecurityGroup",)
    assert found.resources == (
        f"arn:aws:ec2:{HERE}:security-group/*",
        "arn:aws:ec2:us-east-1:*:vpc/vpc-1",
        "arn:aws:ec2:us-east-1:*:vpc/vpc-2",
    )


@pytest.mark.parametrize("vpc", [{"Ref": "Vpc"}, "{{resolve:ssm:/vpc}}"])
def test_a_vpc_that_only_the_stack_knows_may_be_any(vpc: object) -> None:
    assert grants(template(GROUP, VpcId=vpc))["MakeSecurityGroups"].resources[1] == "arn:aws:ec2:us-east-1:*:vpc/*"


def test_rules_and_ends_are_for_groups_of_our_stacks_in_these_vpcs() -> None:
    found = grants(template(GROUP, VpcId="vpc-1"))["ChangeSecurityGroups"]

    assert found.resources == (f"arn:aws:ec2:{HERE}:security-group/*",)
    assert found.condition == {
        "StringLikeIfExists": {"aws:ResourceTag/aws:cloudformation:stack-name": "*-prod"},
        "ArnLikeIfExists": {"ec2:Vpc": ["arn:aws:ec2:us-east-1:*:vpc/vpc-1"]},
    }
    assert {"ec2:AuthorizeSecurityGroupEgress", "ec2:DeleteSecurityGroup", "ec2:CreateTags"} <= set(found.actions)
    assert "ec2:CreateSecurityGroup" not in found.actions
    assert set(found.verbs) == {"deploy", "destroy"}


def test_only_what_ec2_cannot_scope_is_allowed_on_everything() -> None:
    found = grants(template(GROUP, VpcId="vpc-1"), template("AWS::Lambda::Function", VpcConfig={}))

    anywhere = {action for grant in found.values() if "*" in grant.resources for action in grant.actions}
    assert anywhere and all(action.startswith("ec2:Describe") for action in anywhere)


def test_a_rule_is_in_the_vpc_of_its_group() -> None:
    rule = {"Type": f"{GROUP}Ingress", "Properties": {"GroupId": {"Fn::GetAtt": ["Out", "GroupId"]}}}
    whole = {"Out": {"Type": GROUP, "Properties": {"VpcId": "vpc-1"}}, "Rule": rule}

    assert vpcs(whole) == ["arn:aws:ec2:us-east-1:*:vpc/vpc-1"]
    assert vpcs({"Rule": {**rule, "Properties": {"GroupId": "sg-1"}}}) == ["arn:aws:ec2:us-east-1:*:vpc/*"]


def vpcs(resources: dict[str, Any]) -> Any:
    condition = grants(json.dumps({"Resources": resources}))["ChangeSecurityGroups"].condition
    return (condition or {})["ArnLikeIfExists"]["ec2:Vpc"]


@pytest.mark.parametrize("kind", [GROUP, f"{GROUP}Egress", f"{GROUP}Ingress"])
def test_what_replaces_a_group_or_a_rule_is_what_aws_says(kind: str) -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    paths = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["createOnlyProperties"]
    names = {path.removeprefix("/properties/") for path in paths}
    assert names <= replaced_by(kind)
    if kind == GROUP:
        assert names == replaced_by(kind)
