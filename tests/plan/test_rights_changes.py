"""Who may do what: read from wherever it stands, compared, and what of it is beyond ordinary work."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.model.right import RightChange
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.plan.rights_covering import matches
from multi_env_lambda.plan.rights_of import rights_of

from .template_values import EVERYTHING, SANDBOX, maximal, project, text

HERE = place_of(SANDBOX)
OTHER = "arn:aws:iam::999999999999:root"
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def statement(actions: Any, resources: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Resource": resources, **more}


def role(*statements: dict[str, Any], **properties: Any) -> dict[str, Any]:
    policy = {"PolicyName": "unit", "PolicyDocument": {"Statement": list(statements)}}
    trust = {"AssumeRolePolicyDocument": {"Statement": [LAMBDA]}}
    return {"Type": "AWS::IAM::Role", "Properties": {**trust, "Policies": [policy], **properties}}


def policy_of(type_: str, *statements: dict[str, Any], key: str = "PolicyDocument", **more: Any) -> dict[str, Any]:
    return {"Type": type_, "Properties": {key: {"Statement": list(statements)}, **more}}


def changes(before: str | None, after: str) -> tuple[RightChange, ...]:
    return rights_changes(before, after, HERE)


def alarms(after: str, before: str | None = None) -> list[str]:
    return [alarm for change in changes(before, after) for alarm in change.alarms]


# --- what is seen ---
def test_a_role_that_is_new_is_shown_with_every_statement() -> None:
    many = [statement(f"s3:GetObject{number}", f"arn:aws:s3:::data-{number}") for number in range(20)]
    found = changes(None, template(MainRole=role(*many)))

    assert len(found) == 21
    assert {change.change for change in found} == {"added"}
    assert "+ MainRole may s3:GetObject19 on arn:aws:s3:::data-19" in map(str, found)
    assert "+ lambda.amazonaws.com may become MainRole (sts:AssumeRole)" in map(str, found)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (policy_of("AWS::S3::BucketPolicy", statement("s3:Get*", Principal="*")), "* may s3:Get* on * (Thing)"),
        (policy_of("AWS::KMS::Key", statement("kms:*", Principal={"AWS": OTHER}), key="KeyPolicy"), f"{OTHER} may"),
        (policy_of("AWS::Any::New", statement("x:Do", Principal={"AWS": "*"}), key="AccessRules"), "* may x:Do on"),
        (policy_of("AWS::IAM::Policy", statement("x:Do"), Roles=[{"Ref": "MainRole"}]), "MainRole may x:Do on *"),
        (policy_of("AWS::IAM::ManagedPolicy", statement("x:Do")), "whoever has Thing may x:Do on *"),
        (
            {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"P": json.dumps({"Statement": [statement("x:Do")]})}},
            "may x:Do on *",
        ),
        ({"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}, "everybody may call Thing"),
        ({"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "GET /"}}, "everybody may call GET /"),
        ({"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}, "everybody may call Thing"),
        ({"Type": "AWS::CloudFormation::Stack", "Properties": {}}, "Thing: what AWS::CloudFormation::Stack allows"),
        ({"Type": "AWS::Lambda::Function", "Properties": {"Role": "arn:aws:iam::1:role/a"}}, "Thing acts as arn:"),
        (
            {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": {"Principal": "*", "Action": "lambda:Get"}},
            "* may lambda:Get on Thing",
        ),
    ],
)
def test_a_policy_is_seen_wherever_it_stands(body: dict[str, Any], line: str) -> None:
    assert any(line in str(right) for right in rights_of(template(Thing=body), HERE)), rights_of(
        template(Thing=body), HERE
    )


def test_what_is_computed_is_read_as_far_as_it_can_be_and_otherwise_shown_as_it_is_written() -> None:
    parts = [
        {"Fn::Sub": "arn:aws:s3:::data-${AWS::AccountId}/${Kind}"},
        {"Fn::Join": [":", ["arn:aws:sqs", {"Ref": "AWS::Region"}, {"Fn::GetAtt": ["Queue", "Arn"]}]]},
        {"Fn::FindInMap": ["A", "b", "c"]},
    ]
    document = {
        "Parameters": {"Kind": {"Default": "inbox"}},
        "Resources": {"R": role(statement({"Fn::If": ["Big", "s3:*", "s3:GetObject"]}, parts))},
    }
    found = next(right for right in rights_of(json.dumps(document), HERE) if right.kind == "permission")

    assert found.actions == ("s3:*", "s3:GetObject")
    assert found.resources == (
        "arn:aws:s3:::data-222222222222/inbox",
        "arn:aws:sqs:us-east-1:${Queue.Arn}",
        '{"Fn::FindInMap":["A","b","c"]}',
    )


def test_every_setting_of_a_function_gives_lines_and_only_what_is_public_asks() -> None:
    found = changes(None, text(maximal()))

    assert len(found) > 25
    assert {alarm for change in found for alarm in change.alarms} == {"open to everybody"}


# --- what becomes of it ---
def test_wider_narrower_and_other_statements_are_told_apart() -> None:
    one, two = "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"
    before = template(R=role(statement("s3:Get*", one), statement("sqs:Send", two), statement("x:Do", one, "Deny")))
    after = template(R=role(statement(["s3:Get*", "s3:Put*"], one), statement("sqs:Recv", two)))
    found = [str(change) for change in changes(before, after)]

    assert found == [
        "- R must not x:Do on arn:aws:s3:::a/*",
        "~ wider: R may s3:Get*, s3:Put* on arn:aws:s3:::a/*; was: R may s3:Get* on arn:aws:s3:::a/*",
        "+ R may sqs:Recv on arn:aws:s3:::b/*",
        "- R may sqs:Send on arn:aws:s3:::b/*",
    ]
    assert [change.change for change in changes(after, before)][0] == "narrower"


def test_a_condition_that_goes_makes_it_wider() -> None:
    bound = statement("s3:Get*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    free = statement("s3:Get*")
    (goes,) = changes(template(R=role(bound)), template(R=role(free)))
    (comes,) = changes(template(R=role(free)), template(R=role(bound)))

    assert (goes.change, comes.change) == ("wider", "narrower")


def test_a_role_that_is_exchanged_is_shown_and_one_that_comes_with_its_function_says_it_itself() -> None:
    def function(name: str) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": [name, "Arn"]}}}

    both = {"A": role(), "B": role()}
    first = changes(None, template(F=function("A"), **both))
    (second,) = changes(template(F=function("A"), **both), template(F=function("B"), **both))

    assert [change for change in first if change.right.kind == "role"] == []
    assert str(second) == "~ changed: F acts as ${B.Arn}; was: F acts as ${A.Arn}"


# --- what asks ---
@pytest.mark.parametrize(
    ("found", "alarm"),
    [
        (role(statement("*", "arn:aws:s3:::own/*")), "every action"),
        (role(statement("s3:*")), "s3:* on everything"),
        (role(statement("s3:*", "arn:aws:s3:::*")), "s3:* on everything"),
        (role(statement("iam:?*", {"Fn::If": ["C", "*", "arn:aws:iam::222222222222:role/a"]})), "iam:?* on everything"),
        (role({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), "everything but iam:*"),
        (role({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::a"}), "s3:* on everything"),
        (role(statement({"Fn::ImportValue": "what"})), "an action that cannot be read here"),
        (role(statement("sqs:Send", "arn:aws:sqs:us-east-1:999999999999:q")), "account 999999999999"),
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]), "AdministratorAccess allows whole"),
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/job-function/SystemAdministrator"]), "SystemAdministrator"),
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3FullAccess"]), "AmazonS3FullAccess allows whole"),
        (policy_of("AWS::SQS::QueuePolicy", statement("sqs:*", Principal="*")), "open to everybody"),
        (policy_of("AWS::SQS::QueuePolicy", statement("sqs:*", Principal={"AWS": "999999999999"})), "account 9999"),
        (policy_of("AWS::SQS::QueuePolicy", statement("sqs:*", NotPrincipal={"AWS": "1"})), "everybody but 1"),
        (
            policy_of("AWS::S3::BucketPolicy", statement("s3:Get*", Principal={"CanonicalUser": "79a5"})),
            "somebody outs",
        ),
        (role(AssumeRolePolicyDocument={"Statement": [{**LAMBDA, "Principal": {"AWS": OTHER}}]}), "account 9999999999"),
    ],
)
def test_what_is_beyond_the_ordinary_asks_when_it_comes_in(found: dict[str, Any], alarm: str) -> None:
    assert any(alarm in given for given in alarms(template(Thing=found)))
    assert alarms(template(Thing=found), template(Thing=found)) == []
    assert changes(template(Thing=found), template()) and alarms(template(), template(Thing=found)) == []


@pytest.mark.parametrize(
    "found",
    [
        role(statement(["s3:GetObject", "s3:PutObject"], {"Fn::Sub": "${Reports.Arn}/*"})),
        role(statement(["xray:PutTraceSegments", "ec2:DescribeSubnets"])),
        role(statement("s3:*", ["arn:aws:s3:::own", "arn:aws:s3:::own/*"])),
        role(statement("*", effect="Deny")),
        role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"]),
        policy_of("AWS::KMS::Key", statement("kms:*", Principal={"AWS": "arn:aws:iam::222222222222:root"})),
        policy_of(
            "AWS::SQS::QueuePolicy",
            statement("sqs:Send", Principal="*", Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::own"}}),
        ),
        {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "AWS_IAM"}},
        {
            "Type": "AWS::Lambda::Permission",
            "Properties": {"Principal": "sns.amazonaws.com", "Action": "lambda:InvokeFunction", "FunctionName": "f"},
        },
    ],
)
def test_ordinary_work_asks_nothing(found: dict[str, Any]) -> None:
    assert alarms(template(Thing=found)) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:SourceArn": "*"}},
        {"StringNotEquals": {"aws:SourceAccount": "222222222222"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "222222222222"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_a_condition_that_limits_nobody_leaves_it_public(condition: dict[str, Any]) -> None:
    policy = policy_of("AWS::SQS::QueuePolicy", statement("sqs:Send", Principal="*", Condition=condition))

    assert alarms(template(Thing=policy)) == ["open to everybody"]


def test_what_was_there_already_asks_no_more_when_something_else_grows() -> None:
    wide, more = statement("s3:*"), statement(["s3:*", "sqs:SendMessage"])

    assert alarms(template(R=role(more)), template(R=role(wide))) == []
    assert alarms(template(R=role(statement(["s3:*", "iam:*"]))), template(R=role(wide))) == ["iam:* on everything"]
    assert alarms(template(R=role(wide)), template(R=role(statement("*")))) == []


def test_a_denial_and_a_boundary_that_go_ask_while_their_role_stays() -> None:
    closed = role(statement("iam:*", effect="Deny"), PermissionsBoundary="arn:aws:iam::222222222222:policy/unit")
    bare = role(PermissionsBoundary="arn:aws:iam::222222222222:policy/other")

    assert alarms(template(R=role()), template(R=closed)) == ["it is bounded no more", "it is denied no more"]
    assert "it is bounded by another policy" in alarms(template(R=bare), template(R=closed))
    assert alarms(template(), template(R=closed)) == []


def test_there_is_one_question_for_all_of_it_and_its_word_names_the_unit() -> None:
    (question,) = rights_question("orders", changes(None, text(project(EVERYTHING))))

    assert (question.kind, question.answer, question.short) == ("rights", "rights:orders", "rights")
    assert question.text.count("open to everybody") == 3
    assert rights_question("orders", changes(None, template(R=role()))) == ()


@pytest.mark.parametrize(
    ("pattern", "narrow", "is_wider"),
    [
        ("s3:*", "s3:Get*", True),
        ("s3:Get*", "s3:*", False),
        ("s3:?et", "s3:Get", True),
        ("s3:?", "s3:*", False),
        ("*", '{"Ref":"A"}', True),
        ("s3:*", "everything but s3:Get", False),
    ],
)
def test_a_pattern_takes_in_another(pattern: str, narrow: str, is_wider: bool) -> None:
    assert matches(pattern, narrow) is is_wider
