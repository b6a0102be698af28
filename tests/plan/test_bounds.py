"""A finished template and the bounds of its environment."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.bounds import Bounding, Bounds
from multi_env_lambda.model.settings import Function, Statement
from multi_env_lambda.plan.bounds import beyond
from multi_env_lambda.plan.template import render

from .template_values import BUCKET, SANDBOX, SMALL, SOURCE, maximal, project, text

FOLDER = "projects/orders"
ROOT = """[[tool.multi_env_lambda.environments]]
name = "dev"
bounds = { actions = ["*"] }

[[tool.multi_env_lambda.environments]]
name = "sandbox"
[tool.multi_env_lambda.environments.bounds]
permissions_boundary = "unit"
actions = ["logs:*"]
"""
UNIT = '[tool.multi_env_lambda.functions.main]\npolicies = [\n  { actions = ["s3:GetObject"], resources = ["*"] },\n]\n'
BOUNDARY = "arn:aws:iam::222222222222:policy/unit"


def found(
    template: str, bounds: Bounds | None, committed: Bounds | None = None, **texts: str
) -> tuple[str, str] | None:
    files = {"pyproject.toml": texts.get("root", ""), f"{FOLDER}/pyproject.toml": texts.get("unit", "")}
    bounding = Bounding(committed={} if committed is None else {"sandbox": committed}, texts=files)
    return beyond(template, FOLDER, attrs.evolve(SANDBOX, bounds=bounds), bounding)


def what(template: str, bounds: Bounds) -> list[str]:
    answer = found(template, bounds)
    return [] if answer is None else answer[0].splitlines()


def role(**properties: Any) -> str:
    trust = {
        "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    }
    body = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}
    return json.dumps({"Resources": {"MainRole": body}})


def test_what_is_too_much_is_named_with_its_line_and_with_that_of_the_bound() -> None:
    reader = Function(key="main", handler="m.h", policies=(Statement(actions=("s3:GetObject",), resources=("*",)),))
    answer = found(text(project(reader)), Bounds(actions=("logs:*",)), root=ROOT, unit=UNIT)

    assert answer is not None
    assert answer[0] == (
        "projects/orders/pyproject.toml:3: MainRole may s3:GetObject; "
        'pyproject.toml:9: sandbox has bounds.actions = ["logs:*"]'
    )
    assert "`stack.py`" in answer[1]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pyproject.toml", "policies = [{ actions = ['s3:GetObject'], resources = ['*'] }]"),
        ("stack.py", "    context.allow('main', ['s3:GetObject'], ['*'])"),
        ("stack.py", '    context.allow("main", ["s3:GetObject"], ["*"])'),
        ("stack.py", r"""    json.loads("{\"Action\": \"s3:GetObject\"}")"""),
        ("stack.py", r"""    json.loads('{\'Action\': \'s3:GetObject\'}')"""),
        ("stack.py", "    context.merge('MainRole', {})"),
    ],
)
def test_the_line_is_found_in_either_file_and_in_any_quotes(file: str, line: str) -> None:
    reader = Function(key="main", handler="m.h", policies=(Statement(actions=("s3:GetObject",), resources=("*",)),))
    place = attrs.evolve(SANDBOX, bounds=Bounds(actions=("logs:*",)))
    bounding = Bounding(texts={f"{FOLDER}/{file}": f"# s3:GetObject, MainRole\n\n{line}\n"})
    answer = beyond(text(project(reader)), FOLDER, place, bounding)

    assert answer is not None and answer[0].startswith(f"{FOLDER}/{file}:3: MainRole may s3:GetObject; ")


def test_within_the_bounds_and_without_any_nothing_is_said() -> None:
    template = text(project(SMALL))

    assert found(template, None) is None
    assert found(template, Bounds(actions=("logs:*",), resource_types=("AWS::*",))) is None
    assert found(text(maximal()), Bounds(actions=("*",), managed_policies=("arn:aws:iam::aws:policy/*",))) is None


def test_the_stricter_of_the_table_and_the_committed_one_counts() -> None:
    template, free, strict = text(project(SMALL)), Bounds(actions=("*",)), Bounds(actions=("s3:*",))

    for table in (None, free):
        answer = found(template, table, committed=strict)
        assert answer is not None and "pyproject.toml of the last commit: sandbox has bounds" in answer[0]
    assert found(template, strict, committed=free) is not None
    assert found(template, free, committed=free) is None


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (
            role(Policies=[{"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]),
            "may *",
        ),
        (
            role(Policies=[{"PolicyDocument": {"Statement": {"Effect": "Allow", "NotAction": "a:b"}}}]),
            "everything but a:b",
        ),
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]), "has the policy arn:aws:iam::aws"),
        (
            '{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": "arn:aws:iam::1:role/a"}}}}',
            "F acts as arn:aws:iam::1:role/a, whose content is unknown here",
        ),
        ('{"Resources": {"S": {"Type": "AWS::CloudFormation::Stack"}}}', "whose content is unknown here"),
        (
            role(Policies=[{"PolicyDocument": {"Fn::ImportValue": "x"}}]),
            'MainRole: what {"Fn::ImportValue":"x"} allows is not read here, whose content is unknown here',
        ),
        (role(Policies={"Fn::Sub": "{{resolve:ssm:/a}}"}), "is not read here, whose content is unknown here"),
        (
            role(
                Policies=[
                    {"PolicyDocument": {"Statement": {"Effect": {"Fn::Sub": "Allow"}, "Action": "*", "Resource": "*"}}}
                ]
            ),
            "MainRole may *",
        ),
        (
            role(
                Policies=[
                    {
                        "PolicyDocument": {
                            "Statement": {"Effect": {"Fn::ImportValue": "x"}, "Action": "*", "Resource": "*"}
                        }
                    }
                ]
            ),
            "MainRole may *",
        ),
        (
            '{"Resources": {"U": {"Type": "AWS::IAM::User"}, '
            '"K": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "U"}}}}}',
            "K grants rights in its own way: AWS::IAM::AccessKey",
        ),
    ],
)
def test_no_way_leads_past_the_actions(template: str, line: str) -> None:
    (only,) = what(template, Bounds(actions=("s3:*",)))

    assert line in only


def test_a_type_that_is_not_among_the_types_is_refused() -> None:
    (only,) = what(role(), Bounds(resource_types=("AWS::Lambda::*", "AWS::S3::Bucket")))

    assert "MainRole is of type AWS::IAM::Role" in only


def test_every_role_must_have_the_boundary_and_those_of_this_library_do() -> None:
    bounds = Bounds(permissions_boundary="unit")
    place = attrs.evolve(SANDBOX, bounds=bounds)
    ours = render(maximal(), place, bucket=BUCKET, source=SOURCE, layer=None)

    assert ours.count(f'"PermissionsBoundary":"{BOUNDARY}"') == ours.count('"Type":"AWS::IAM::Role"') > 1
    assert what(ours, bounds) == []
    assert "MainRole (AWS::IAM::Role) has the permissions boundary nothing" in what(role(), bounds)[0]
    assert (
        "has the permissions boundary arn:aws:iam::aws:policy/x"
        in what(role(PermissionsBoundary="arn:aws:iam::aws:policy/x"), bounds)[0]
    )
    assert what(role(PermissionsBoundary={"Fn::Sub": BOUNDARY.replace("2" * 12, "${AWS::AccountId}")}), bounds) == []


def test_a_type_with_words_of_its_own_is_within_the_actions_only_where_the_bounds_name_that_type() -> None:
    template = '{"Resources": {"K": {"Type": "AWS::SSO::Assignment"}}}'

    assert what(template, Bounds(actions=("*",), resource_types=("AWS::SSO::Assignment",))) == []
    (only,) = what(template, Bounds(actions=("*",), resource_types=("AWS::*",)))
    assert "add AWS::SSO::Assignment to `resource_types`" in only


@pytest.mark.parametrize("name", ["unit", "UNIT", {"Fn::Join": ["", ["un", "it"]]}, {"Fn::ImportValue": "x"}])
def test_no_stack_makes_its_boundary_itself(name: Any) -> None:
    def of(name: Any) -> str:
        body = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": name}}
        return json.dumps({"Resources": {"P": body}})

    (only,) = what(of(name), Bounds(permissions_boundary="unit"))
    assert "P (AWS::IAM::ManagedPolicy) is, or may become, the boundary itself" in only
    assert what(of("other"), Bounds(permissions_boundary="unit")) == []


def test_a_boundary_that_may_be_left_out_is_none() -> None:
    maybe = {"Fn::If": ["C", BOUNDARY, {"Ref": "AWS::NoValue"}]}
    (only,) = what(role(PermissionsBoundary=maybe), Bounds(permissions_boundary="unit"))

    assert f"has the permissions boundary {BOUNDARY}, nothing" in only


def test_no_alarm_is_a_policy_or_a_role_of_the_stack() -> None:
    note = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "administrator"}}
    properties = {"AssumeRolePolicyDocument": {"Statement": []}, "ManagedPolicyArns": [{"Ref": "Note"}]}
    instance = {"Type": "AWS::EC2::Instance", "Properties": {"IamInstanceProfile": {"Ref": "Note"}}}
    own = Bounds(actions=("logs:*",))
    for used in ({"Type": "AWS::IAM::Role", "Properties": properties}, instance):
        document = json.dumps({"Resources": {"Note": note, "Main": used}})

        assert beyond(document, "projects/app", attrs.evolve(SANDBOX, bounds=own), Bounding()) is not None


# --- what a resource policy gives ---
OWN_ROLE = "arn:aws:iam::222222222222:role/orders-sandbox-main"
GIVEN = [
    ("AWS::SQS::QueuePolicy", "PolicyDocument", "sqs:DeleteMessage"),
    ("AWS::SQS::QueueInlinePolicy", "PolicyDocument", "sqs:DeleteMessage"),
    ("AWS::SNS::TopicPolicy", "PolicyDocument", "sns:Publish"),
    ("AWS::S3::BucketPolicy", "PolicyDocument", "s3:*"),
    ("AWS::KMS::Key", "KeyPolicy", "kms:Decrypt"),
    ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "secretsmanager:GetSecretValue"),
    ("AWS::ECR::Repository", "RepositoryPolicyText", "ecr:PutImage"),
    ("AWS::Events::EventBus", "Policy", "events:PutEvents"),
    ("AWS::DynamoDB::Table", "ResourcePolicy", "dynamodb:*"),
]


def given(type_: str, key: str, action: str, principal: Any, effect: str = "Allow") -> str:
    document = {"Statement": [{"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}]}
    main = {"Type": "AWS::IAM::Role", "Properties": {}}
    policy = {"Type": type_, "Properties": {key: document}}
    return json.dumps({"Resources": {"MainRole": main, "Policy": policy}})


@pytest.mark.parametrize(("type_", "key", "action"), GIVEN)
@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ({"AWS": {"Fn::GetAtt": ["MainRole", "Arn"]}}, "${MainRole.Arn}"),
        ({"AWS": {"Fn::GetAtt": ["MainRole", "RoleId"]}}, "${MainRole.RoleId}"),
        (
            {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${MainRole}"}},
            "arn:aws:iam::222222222222:role/${MainRole}",
        ),
        ({"AWS": [OWN_ROLE, "999999999999"]}, OWN_ROLE),
        ({"AWS": "222222222222"}, "222222222222"),
        ({"AWS": "arn:aws:iam::222222222222:root"}, "arn:aws:iam::222222222222:root"),
        ({"AWS": "AROAJQABLZS4A3QDU576Q"}, "AROAJQABLZS4A3QDU576Q"),
        ({"AWS": {"Fn::ImportValue": "x"}}, '{"Fn::ImportValue":"x"}'),
        ("*", "*"),
    ],
)
def test_no_resource_policy_gives_the_account_more_than_the_actions(
    type_: str, key: str, action: str, principal: Any, who: str
) -> None:
    (only,) = what(given(type_, key, action, principal), Bounds(actions=("logs:*",)))

    assert f"{who} may {action} (Policy); " in only and "bounds.actions" in only
    assert what(given(type_, key, action, principal), Bounds(actions=(action,))) == []
    assert what(given(type_, key, action, principal, "Deny"), Bounds(actions=("logs:*",))) == []


@pytest.mark.parametrize(("type_", "key", "action"), GIVEN)
@pytest.mark.parametrize(
    "principal",
    [
        {"Service": ["sns.amazonaws.com", "logs.us-east-1.amazonaws.com"]},
        {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
        {"AWS": ["999999999999", "arn:aws:iam::999999999999:root"]},
        {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1A2B3"},
    ],
)
def test_services_and_other_accounts_are_not_bound(type_: str, key: str, action: str, principal: Any) -> None:
    assert what(given(type_, key, action, principal), Bounds(actions=("logs:*",))) == []


@pytest.mark.parametrize("type_", ["AWS::Lambda::Permission", "AWS::Events::EventBusPolicy"])
def test_a_permission_without_a_document_is_bound_as_one_with(type_: str) -> None:
    def of(principal: Any) -> str:
        properties = {"Action": "lambda:InvokeFunction", "Principal": principal, "FunctionName": "other"}
        body = {"Type": type_, "Properties": properties}
        return json.dumps({"Resources": {"MainRole": {"Type": "AWS::IAM::Role"}, "Main": body}})

    (only,) = what(of({"Fn::GetAtt": ["MainRole", "Arn"]}), Bounds(actions=("logs:*",)))
    assert "${MainRole.Arn} may lambda:InvokeFunction (Main)" in only
    assert what(of("sns.amazonaws.com"), Bounds(actions=("logs:*",))) == []
