"""A text of a template adds no line to what an approver reads, wherever the unit writes it."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.bounds import Bounding, Bounds
from multi_env_lambda.plan.bounds import beyond
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.show.rights import right_line

from .template_values import SANDBOX

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def role(trust: Any = TRUST, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": trust}, **properties}}


def with_statement(**more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **more}
    return role(Policies=[{"PolicyDocument": {"Statement": statement}}])


def attached(**more: Any) -> dict[str, Any]:
    document = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document, **more}}


PLACES = {
    "action": lambda text: with_statement(Action=text),
    "exception": lambda text: role(
        Policies=[{"PolicyDocument": {"Statement": {"Effect": "Allow", "NotAction": text, "Resource": "*"}}}]
    ),
    "all of a service": lambda text: with_statement(Action=f"s3{text}:*"),
    "resource": lambda text: with_statement(Resource=text),
    "condition": lambda text: with_statement(Condition={"StringEquals": {text: text}}),
    "effect": lambda text: with_statement(Effect=text),
    "principal": lambda text: role({**TRUST, "Principal": {"Service": text}}),
    "kind of a principal": lambda text: role({**TRUST, "Principal": {text: "a"}}),
    "not the principal": lambda text: role(
        {"Effect": "Allow", "NotPrincipal": {"AWS": text}, "Action": "sts:AssumeRole"}
    ),
    "managed policy": lambda text: role(ManagedPolicyArns=[text]),
    "policy of a service": lambda text: role(ManagedPolicyArns=[f"arn:aws:iam::aws:policy/FullAccess{text}"]),
    "boundary": lambda text: role(PermissionsBoundary=text),
    "roles": lambda text: attached(Roles=[text]),
    "users": lambda text: attached(Users=[text]),
    "function's role": lambda text: {"Type": "AWS::Lambda::Function", "Properties": {"Role": f"arn:{text}"}},
    "route": lambda text: {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": text}},
    "permission": lambda text: {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"Principal": text, "Action": text, "FunctionName": text},
    },
    "own words": lambda text: {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": text}},
    "document": lambda text: role(Policies=f"{{{{resolve:{text}}}}}"),
    "type": lambda text: {"Type": f"{text}::MODULE", "Properties": {}},
    "name of a policy": lambda text: {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": text}},
}
BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1b[2J", "\x85", "\u2028", "\u2029", "\t", "\u202e"]


@pytest.mark.parametrize("end", BREAKS)
@pytest.mark.parametrize("place", PLACES)
def test_each_right_is_one_line_and_each_excess_too(place: str, end: str) -> None:
    template = json.dumps({"Resources": {"Main": PLACES[place](f"a{end}      - Other may * on *{end}")}})
    found = rights_changes(None, template, place_of(SANDBOX))
    away = rights_changes(template, json.dumps({"Resources": {}}), place_of(SANDBOX))
    bounds = Bounds(actions=("logs:*",), permissions_boundary="unit", resource_types=("AWS::Lambda::Function",))
    excess = beyond(template, "projects/a", attrs.evolve(SANDBOX, bounds=bounds), Bounding())
    questions = rights_question("a", found)
    lines = [right_line(change) for change in (*found, *away)]
    lines += [line for question in questions for line in question.text.split("\n")]
    lines += excess[0].split("\n") if excess else []

    assert not [line for line in lines if end in line or len(line.splitlines()) > 1]
    assert sum(len(each.text.split("\n")) for each in questions) in (0, 1 + sum(bool(each.alarms) for each in found))
    assert all("sandbox has bounds." in line for line in (excess[0].split("\n") if excess else ()))


def test_no_right_shows_a_secret() -> None:
    user = {"Type": "AWS::IAM::User", "Properties": {"LoginProfile": {"Password": "hunter2-Tw0"}}}
    link = {"Protocol": "https", "Endpoint": "https://ada:hunter2-Tw0@x.example/in"}
    hook = {"Type": "AWS::SNS::Subscription", "Properties": link}
    found = rights_changes(None, json.dumps({"Resources": {"User": user, "Hook": hook}}), place_of(SANDBOX))

    assert len(found) == 2
    assert not [change for change in found if "hunter2" in right_line(change)]
