"""Who comes in from elsewhere without an account being named: by an identity provider, a service, or a pattern."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.rights_changes import rights_changes

from .template_values import SANDBOX

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::222222222222:oidc-provider/{GITHUB}"


def asked(body: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    old = None if before is None else json.dumps({"Resources": {"Thing": before}})
    found = rights_changes(old, json.dumps({"Resources": {"Thing": body}}), place_of(SANDBOX))
    return [alarm for change in found for alarm in change.alarms]


def trusting(principal: Any, action: str, condition: Any = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    document = {"Statement": [statement if condition is None else {**statement, "Condition": condition}]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


def signed_in(condition: Any = None, provider: str = PROVIDER) -> dict[str, Any]:
    return trusting({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", condition)


def permission(**properties: Any) -> dict[str, Any]:
    given = {"Action": "lambda:InvokeFunction", "FunctionName": "f", **properties}
    return {"Type": "AWS::Lambda::Permission", "Properties": given}


def queue(principal: Any, condition: Any = None, type_: str = "AWS::SQS::QueuePolicy") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": "q"}
    document = {"Statement": [statement if condition is None else {**statement, "Condition": condition}]}
    return {"Type": type_, "Properties": {"PolicyDocument": document}}


def assuming(resource: Any, action: Any = "sts:AssumeRole") -> dict[str, Any]:
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": document}]}}


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"StringLike": {f"{GITHUB}:sub": "*"}},
        {"StringLike": {f"{GITHUB}:sub": "repo:*"}},
        {"StringLike": {f"{GITHUB}:sub": "repo:a*"}},
        {"StringLike": {f"{GITHUB}:sub": "?epo:acme/*"}},
        {"StringLike": {f"{GITHUB}:sub": ["repo:acme/orders:*", "repo:*/x:*"]}},
        {"StringLike": {f"{GITHUB}:sub": "system:serviceaccount:*"}},
        {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
        {"StringNotEquals": {f"{GITHUB}:sub": "repo:acme/orders:ref:refs/heads/main"}},
        {"StringEqualsIfExists": {f"{GITHUB}:sub": "repo:acme/orders:ref:refs/heads/main"}},
        {"ForAllValues:StringEquals": {f"{GITHUB}:sub": "repo:acme/orders:ref:refs/heads/main"}},
        {"StringEquals": {f"{GITHUB}:sub": {"Fn::ImportValue": "x"}}},
        {"StringEquals": {f"{GITHUB}:sub": []}},
    ],
)
def test_whoever_signs_in_with_a_provider_asks_unless_the_subject_is_named(condition: Any) -> None:
    assert asked(signed_in(condition)) == [f"anyone who signs in with {GITHUB}"]
    assert asked(signed_in(condition), signed_in(condition)) == []


@pytest.mark.parametrize("provider", ["oidc-provider/gitlab.com", "saml-provider/Company"])
def test_it_holds_for_every_provider(provider: str) -> None:
    assert len(asked(signed_in(provider=f"arn:aws:iam::222222222222:{provider}"))) == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {f"{GITHUB}:sub": "repo:acme/orders:ref:refs/heads/main"}},
        {"StringLike": {f"{GITHUB}:sub": "repo:acme/*"}, "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
        {"StringEquals": {f"{GITHUB}:repository_id": "123456"}},
        {"StringEquals": {"oidc.eks.us-east-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:shop:orders"}},
    ],
)
def test_a_named_subject_is_ordinary(condition: Any) -> None:
    assert asked(signed_in(condition)) == []
    assert asked(signed_in(), signed_in(condition)) == [f"anyone who signs in with {GITHUB}"]


SERVICES = ["s3", "sns", "events", "ses", "iot", "cognito-idp", "apigateway", "logs.us-east-1"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "source",
    [
        {},
        {"SourceArn": "arn:aws:s3:::*"},
        {"SourceArn": "*"},
        {"SourceArn": "arn:aws:sns:us-east-1:*:news"},
        {"SourceArn": {"Fn::ImportValue": "x"}},
        {"SourceAccount": {"Ref": "AWS::NoValue"}},
    ],
)
def test_a_service_that_acts_for_any_account_asks(service: str, source: Any) -> None:
    alarm = f"{service}.amazonaws.com acts for any account"
    condition = {"ArnLike": {"aws:SourceArn": source["SourceArn"]}} if "SourceArn" in source else None

    assert asked(permission(Principal=f"{service}.amazonaws.com", **source)) == [alarm]
    assert asked(queue({"Service": f"{service}.amazonaws.com"}, condition)) == [alarm]


@pytest.mark.parametrize(
    "source",
    [
        {"SourceAccount": "222222222222"},
        {"SourceArn": "arn:aws:s3:::acme-inbox"},
        {"SourceArn": {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/*"}},
        {"SourceArn": "arn:aws:s3:::*", "SourceAccount": {"Ref": "AWS::AccountId"}},
        {"SourceArn": {"Fn::GetAtt": ["Topic", "Arn"]}},
    ],
)
def test_a_service_that_acts_for_a_known_account_is_ordinary(source: Any) -> None:
    assert asked(permission(Principal="s3.amazonaws.com", **source)) == []
    assert "s3.amazonaws.com acts for any account" in asked(
        permission(Principal="s3.amazonaws.com"), permission(Principal="s3.amazonaws.com", **source)
    )


def test_a_service_asks_for_what_a_key_of_kms_is_for() -> None:
    def named(arn: str) -> dict[str, Any]:
        return {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}}

    logs = {"Service": "logs.us-east-1.amazonaws.com"}
    ours = named("arn:aws:logs:us-east-1:222222222222:log-group:*")
    assert asked(queue(logs, ours, "AWS::KMS::Key")) == []
    assert asked(queue(logs, named("arn:aws:logs:*:*:*"), "AWS::KMS::Key")) != []
    assert asked(queue("*", ours, "AWS::KMS::Key")) == ["open to everybody"]


def test_a_service_that_becomes_a_role_is_ordinary() -> None:
    assert asked(trusting({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")) == []


@pytest.mark.parametrize(
    ("resource", "action", "alarm"),
    [
        ("arn:aws:iam::9999*:role/x", "sts:AssumeRole", "account 9999*"),
        ("arn:aws:iam::99999999999?:role/x", "sts:AssumeRole", "account 99999999999?"),
        ("arn:aws:iam::*9:role/x", "sts:AssumeRole", "account *9"),
        ("arn:aws:iam::2222*:role/x", "sts:Assume*", "account 2222*"),
        ("arn:aws:sqs:us-east-1:9999*:q", "sqs:SendMessage", "account 9999*"),
        ("arn:aws:iam::*:role/x", "sts:AssumeRole", "roles of any account"),
        ("arn:aws:iam::????????????:role/x", "STS:assumerole", "roles of any account"),
        ("arn:aws:iam:*:role/x", "sts:AssumeRole", "roles of any account"),
        ("arn:aws:iam::*:role/acme", "sts:*", "roles of any account"),
        ("*", "sts:AssumeRole", "roles of any account"),
        ({"Fn::ImportValue": "x"}, "sts:AssumeRole", "roles of any account"),
        ({"Fn::Sub": ["arn:aws:iam::${a}:role/x", {"a": {"Fn::ImportValue": "x"}}]}, "sts:AssumeRole", "roles of any"),
    ],
)
def test_a_pattern_of_accounts_asks(resource: Any, action: str, alarm: str) -> None:
    (only,) = asked(assuming(resource, action))

    assert only.startswith(alarm)


def test_roles_of_all_but_one_account_ask() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": "arn:aws:iam::1:role/a"}]}
    body = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": document}]}}

    assert asked(body) == ["roles of any account"]


@pytest.mark.parametrize(
    "resource", ["arn:aws:iam::222222222222:role/*", "arn:*:iam::222222222222:role/x", {"Fn::GetAtt": ["Other", "Arn"]}]
)
def test_roles_of_the_same_account_are_ordinary(resource: Any) -> None:
    assert asked(assuming(resource)) == []
    assert asked(assuming("arn:aws:sqs:*:*:orders", "sqs:SendMessage")) == []


@pytest.mark.parametrize("who", ["AIDAJQABLZS4A3QDU576Q", "AROAJQABLZS4A3QDU576Q", "somebody", "x.example.com"])
def test_a_principal_that_says_no_account_asks(who: str) -> None:
    assert asked(queue({"AWS": who})) == ["somebody whose name cannot be read here"]
    assert asked(trusting({"AWS": who}, "sts:AssumeRole")) == ["somebody whose name cannot be read here"]
    assert asked(queue({"AWS": {"Fn::GetAtt": ["Main", "Arn"]}})) == []
