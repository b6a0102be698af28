"""A role of the template that cannot be assumed by what gets it is refused before the first write."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.trust import check_trust
from tests.plan.template_values import JOB, SMALL, project, text

ASSUMED_BY = {
    "AWS::Lambda::Function": "lambda",
    "AWS::Glue::Job": "glue",
    "AWS::Glue::Crawler": "glue",
    "AWS::Scheduler::Schedule": "scheduler",
    "AWS::StepFunctions::StateMachine": "states",
}


def resources(kind: str, trust: Any, role: Any = None) -> dict[str, Any]:
    arn = role or {"Fn::GetAtt": ["Role", "Arn"]}
    properties: dict[str, Any] = {"Role": arn}
    if kind == "AWS::Scheduler::Schedule":
        properties = {"Target": {"RoleArn": arn}}
    elif kind == "AWS::StepFunctions::StateMachine":
        properties = {"RoleArn": arn}
    made = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
    return {"Role": made, "Thing": {"Type": kind, "Properties": properties}}


def by(principal: Any, effect: str = "Allow", action: Any = "sts:AssumeRole") -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": action, "Principal": principal}]}


@pytest.mark.parametrize(("kind", "service"), ASSUMED_BY.items())
def test_a_role_that_trusts_another_service_is_refused(kind: str, service: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_trust(resources(kind, by({"Service": "ec2.amazonaws.com"})), "unit in prod")

    wanted = f"unit in prod: Resources.Thing: its role Role trusts ec2.amazonaws.com, but {service}.amazonaws.com"
    assert wanted in str(caught.value) and "hint: let Role trust" in str(caught.value)
    check_trust(resources(kind, by({"Service": f"{service}.amazonaws.com"})), "unit in prod")


@pytest.mark.parametrize(
    "trust",
    [
        by({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
        by({"Service": "lambda.amazonaws.com"}, action=["sts:TagSession", "sts:assumerole"]),
        by({"Service": "lambda.amazonaws.com.cn"}),
        by({"Service": {"Fn::Sub": "lambda.${AWS::URLSuffix}"}}),
        by({"Service": [{"Ref": "Principal"}]}),
        by({"AWS": "*"}),
        by("*"),
        by({"Ref": "Principals"}),
        {"Fn::Transform": {}},
        "{}",
    ],
)
def test_what_may_be_right_or_cannot_be_read_is_left_to_aws(trust: Any) -> None:
    check_trust(resources("AWS::Lambda::Function", trust), "w")


@pytest.mark.parametrize(
    "trust",
    [
        by({"AWS": "arn:aws:iam::1:root"}),
        by({"Federated": "x"}),
        by({"Service": "lambda.amazonaws.com"}, action="sts:TagSession"),
        by({"Service": "edgelambda.amazonaws.com"}),
        by({"Service": "lambda.amazonaws.com"}, effect="Deny"),
        {"Statement": []},
    ],
)
def test_a_role_that_no_function_can_assume_is_refused(trust: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"lambda\.amazonaws\.com has to assume it"):
        check_trust(resources("AWS::Lambda::Function", trust), "w")


@pytest.mark.parametrize("role", [{"Fn::GetAtt": "Role.Arn"}, {"Ref": "Role"}])
def test_a_role_is_found_however_it_is_referred_to(role: Any) -> None:
    with pytest.raises(ConfigurationError, match="its role Role trusts"):
        check_trust(resources("AWS::Glue::Job", by({"Service": "ec2.amazonaws.com"}), role), "w")


@pytest.mark.parametrize("role", ["arn:aws:iam::1:role/x", {"Ref": "Elsewhere"}, {"Fn::ImportValue": "x"}])
def test_a_role_of_somewhere_else_is_left_to_aws(role: Any) -> None:
    check_trust(resources("AWS::Glue::Job", by({"Service": "ec2.amazonaws.com"}), role), "w")


def test_a_stack_py_that_gives_a_function_a_role_of_glue_is_refused_by_the_plan() -> None:
    def extend(template: Any, context: Any) -> None:
        context.merge("CreateFunction", {"Properties": {"Role": {"Fn::GetAtt": ["NightlyJobRole", "Arn"]}}})

    with pytest.raises(ConfigurationError, match=r"Resources\.CreateFunction: its role NightlyJobRole trusts glue"):
        text(project(SMALL, jobs=(JOB,)), extend=extend)


def test_a_pattern_of_actions_counts() -> None:
    document = by({"Service": "lambda.amazonaws.com"}, action=["sts:Assume*", "sts:TagSession"])
    check_trust(resources("AWS::Lambda::Function", document), "unit in prod")
