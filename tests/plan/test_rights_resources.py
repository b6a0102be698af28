"""Which resources are named, and which are all of a service or of a kind: the law, and what an outsider wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.rights_changes import rights_changes
from multi_env_lambda.plan.rights_covering import matches
from multi_env_lambda.plan.rights_resources import is_everything

from .template_values import SANDBOX

ACCOUNT = "222222222222"


def asked(service: str, *resources: Any) -> list[str]:
    document = {"Statement": [{"Effect": "Allow", "Action": f"{service}:*", "Resource": list(resources)}]}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": document}]}}
    found = rights_changes(None, json.dumps({"Resources": {"R": role}}), place_of(SANDBOX))
    return [alarm for change in found for alarm in change.alarms]


@pytest.mark.parametrize(
    ("service", "resources"),
    [
        ("iam", ["arn:*:iam::222222222222:*"]),
        ("iam", ["arn:aws:iam::222222222222:role*"]),
        ("iam", ["arn:aws:iam::222222222222:*/*"]),
        ("iam", ["arn:aws:iam::222222222222:r*"]),
        ("iam", ["arn:a*:iam::*"]),
        ("iam", ["arn:aws:?am::*:*"]),
        ("iam", [f"arn:aws:iam::{ACCOUNT}:{kind}*" for kind in ("role", "user", "policy")]),
        ("iam", [f"arn:aws:iam::{ACCOUNT}:????/*"]),
        ("iam", [f"arn:aws:iam::{ACCOUNT}:role/?????"]),
        ("s3", ["arn:*:s3:::*"]),
        ("s3", ["arn:?ws:s3:::*"]),
        ("s3", ["arn:aws:s3:::*/*"]),
        ("s3", ["arn:aws:s3:::a*"]),
        ("s3", ["arn:aws:s3:us-east-1:222222222222:accesspoint/*"]),
        ("dynamodb", ["arn:aws:dynamodb:*:*:table/*"]),
        ("dynamodb", ["arn:aws:dynamodb:*:222222222222:*"]),
        ("dynamodb", ["arn:aws:dynamodb:*:*:table/*/index/*"]),
        ("secretsmanager", ["arn:aws:secretsmanager:*:*:secret:*"]),
        ("kms", ["arn:aws:kms:*:*:key/*"]),
        ("ssm", ["arn:aws:ssm:*:*:parameter/*"]),
        ("cloudformation", ["arn:aws:cloudformation:*:*:stack/*"]),
        ("apigateway", ["arn:aws:apigateway:*::/restapis/*"]),
        ("ec2", ["arn:aws:ec2:*:*:volume/vol-*"]),
        ("cognito-idp", ["arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_*"]),
        ("elasticloadbalancing", ["arn:aws:elasticloadbalancing:*:*:loadbalancer/app/*"]),
        ("wafv2", ["arn:aws:wafv2:*:*:regional/webacl/*"]),
        ("lambda", [{"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"}]),
    ],
)
def test_all_of_a_service_or_of_a_kind_asks_however_it_is_written(service: str, resources: list[Any]) -> None:
    assert asked(service, *resources) == [f"{service}:* on everything"]


@pytest.mark.parametrize(
    ("service", "resource"),
    [
        ("iam", "arn:aws:iam::222222222222:role/acme-*"),
        ("iam", "arn:aws:iam::*:role/acme"),
        ("dynamodb", "arn:aws:dynamodb:*:*:table/orders*"),
        ("dynamodb", "arn:aws:dynamodb:*:222222222222:table/orders/index/*"),
        ("secretsmanager", "arn:aws:secretsmanager:*:*:secret:orders-*"),
        ("secretsmanager", "arn:aws:secretsmanager:*:*:secret:orders-??????"),
        ("s3", "arn:aws:s3:::acme-*"),
        ("s3", "arn:*:s3:::acme/*"),
        ("s3", {"Fn::Sub": "arn:aws:s3:::${AWS::StackName}-data/*"}),
        ("s3", {"Fn::Sub": "${Data.Arn}/*"}),
        ("sqs", "arn:aws:sqs:*:222222222222:orders-*"),
        ("sns", "arn:aws:sns:us-east-1:222222222222:orders*"),
        ("logs", "arn:aws:logs:*:*:log-group:/aws/lambda/orders-*:*"),
        ("lambda", "arn:aws:lambda:*:*:function:orders-*:live"),
        ("ssm", "arn:aws:ssm:us-east-1:222222222222:parameter/acme/*"),
        ("execute-api", "arn:aws:execute-api:us-east-1:222222222222:abc123/*"),
        ("apigateway", "arn:aws:apigateway:us-east-1::/restapis/abc123/*"),
        ("ec2", "arn:aws:ec2:*:*:instance/i-0a1b2c3d"),
    ],
)
def test_what_has_a_name_asks_nothing(service: str, resource: Any) -> None:
    assert asked(service, resource) == []


KINDS = [
    (f"arn:aws:iam::{ACCOUNT}:role/", ""),
    (f"arn:aws:iam::{ACCOUNT}:policy/", ""),
    ("arn:aws:s3:::", ""),
    ("arn:aws:s3:::", "/inbox/file.csv"),
    (f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/", ""),
    (f"arn:aws:sqs:us-east-1:{ACCOUNT}:", ""),
    (f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/", "/index/by-date"),
    (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:", "-AbCdEf"),
    (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/", ""),
    (f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/", ""),
    (f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/", "/0a1b2c"),
    (f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:", ""),
    (f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:", ":log-stream:x"),
    (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:", ":live"),
    (f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/", ":3"),
    ("arn:aws:apigateway:us-east-1::/restapis/", "/stages/prod"),
]


@st.composite
def of_unrelated(draw: st.DrawFn) -> tuple[str, str, str]:
    """A pattern, and two resources of one kind, whose names have no letter in common, that it was made for."""
    before, after = draw(st.sampled_from(KINDS))
    size = draw(st.integers(3, 12))
    one, other = (draw(st.text(letters, min_size=size, max_size=size)) for letters in ("abcdefgh", "stuvwxyz"))
    start, end = draw(st.integers(0, len(before))), draw(st.integers(0, len(after)))
    middle = draw(st.sampled_from(["*", "**", "*?", "?*", "?" * (len(before) - start + size + end)]))
    text = list(before[:start] + middle + after[end:])
    for at in draw(st.lists(st.integers(0, len(text) - 1), max_size=4)):
        text[at] = draw(st.sampled_from(["?", "*"])) if text[at] != "*" else "*"
    return "".join(text), f"{before}{one}{after}", f"{before}{other}{after}"


@example(
    (
        "arn:aws:logs:us-east-1:*:log-stream:x",
        "arn:aws:logs:us-east-1:222222222222:log-group:aaa:log-stream:x",
        "arn:aws:logs:us-east-1:222222222222:log-group:sss:log-stream:x",
    )
)
@given(of_unrelated())
def test_a_pattern_that_takes_in_two_unrelated_names_is_everything(found: tuple[str, str, str]) -> None:
    pattern, one, other = found

    assert matches(pattern, one) and matches(pattern, other)
    assert is_everything(pattern)


@given(st.sampled_from(KINDS), st.text("abcdefgh", min_size=2, max_size=12), st.sampled_from(["", "*", "?", "*/*"]))
def test_a_name_in_front_of_the_wildcard_is_a_name(kind: tuple[str, str], name: str, rest: str) -> None:
    assert not is_everything(f"{kind[0]}{name}{rest}")
