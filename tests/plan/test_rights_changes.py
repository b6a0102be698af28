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
        (policy_of("AWS::IAM::Policy", statement("x:Do"), Roles=["Main"]), "Main (defined elsewhere) may x:Do on *"),
        (policy_of("AWS::IAM::ManagedPolicy", statement("x:Do")), "anyone who has Thing may x:Do on *"),
        (
            {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"P": json.dumps({"Statement": [statement("x:Do")]})}},
            "may x:Do on *",
        ),
        ({"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}, "anyone may call Thing"),
        ({"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "GET /"}}, "anyone may call GET /"),
        ({"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}, "anyone may call Thing"),
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


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_two_statements_that_become_one_are_not_called_removed_nor_are_two_that_were_one_added(effect: str) -> None:
    one, two = "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"
    apart = template(R=role(statement("s3:GetObject", one, effect), statement("s3:PutObject", two, effect)))
    both = template(R=role(statement(["s3:GetObject", "s3:PutObject"], [one, two], effect)))
    merged, split = changes(apart, both), changes(both, apart)

    assert [change.change for change in merged] == ["wider", "wider"]
    assert {change.before.actions for change in merged if change.before} == {("s3:GetObject",), ("s3:PutObject",)}
    assert [change.change for change in split] == ["narrower", "narrower"]
    assert all(str(change).startswith("~ ") for change in (*merged, *split))
    assert alarms(both, apart) == []


def test_what_asks_in_a_statement_that_two_become_asks() -> None:
    apart = template(R=role(statement("s3:Get*", "arn:aws:s3:::own"), statement("sqs:Send*", "arn:aws:sqs:::own")))
    both = template(R=role(statement(["s3:*", "sqs:*"])))

    assert {"s3:* on everything", "sqs:* on everything"} <= set(alarms(both, apart))


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
            "Properties": {
                **{"Principal": "sns.amazonaws.com", "Action": "lambda:InvokeFunction", "FunctionName": "f"},
                "SourceArn": "arn:aws:sns:us-east-1:222222222222:news",
            },
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

    assert alarms(template(R=role()), template(R=closed)) == [
        "it no longer has a permissions boundary",
        "it is no longer denied",
    ]
    assert "it has another permissions boundary" in alarms(template(R=bare), template(R=closed))
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


# --- what an outside attack tried ---
LOOKED_UP = {"Secret": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "Deny"}}


def with_parameters(parameters: dict[str, Any], **resources: Any) -> str:
    return json.dumps({"Parameters": parameters, "Resources": resources})


@pytest.mark.parametrize(
    ("effect", "line", "asks"),
    [
        ({"Fn::Sub": "Allow"}, "R may * on *", ["every action"]),
        ({"Fn::Join": ["", ["Al", "low"]]}, "R may * on *", ["every action"]),
        ({"Ref": "Word"}, "R may * on *", ["every action"]),
        ({"Fn::If": ["C", "Deny", "Allow"]}, "R may * on *", ["every action"]),
        ({"Fn::If": ["C", "Deny", "Deny"]}, "R must not * on *", []),
        ({"Fn::Join": ["", ["De", "ny"]]}, "R must not * on *", []),
        (
            {"Fn::ImportValue": "x"},
            'R may or must not ({"Fn::ImportValue":"x"}) * on *',
            ["an effect that cannot be read here", "every action"],
        ),
        (
            {"Ref": "Secret"},
            'R may or must not ({"Ref":"Secret"}) * on *',
            ["an effect that cannot be read here", "every action"],
        ),
        (
            {"Fn::GetAtt": ["Made", "Value"]},
            'R may or must not ({"Fn::GetAtt":["Made","Value"]}) * on *',
            ["an effect that cannot be read here", "every action"],
        ),
    ],
)
def test_an_effect_denies_only_where_that_is_certain(effect: Any, line: str, asks: list[str]) -> None:
    parameters = {**LOOKED_UP, "Word": {"Type": "String", "Default": "Allow"}}
    made = {"Type": "Custom::Made", "Properties": {}}
    after = with_parameters(parameters, R=role(statement("*", effect=effect)), Made=made)

    assert f"+ {line}" in map(str, changes(None, after))
    assert [alarm for alarm in alarms(after) if alarm != "grants rights in its own way"] == asks


@pytest.mark.parametrize(
    ("found", "alarm"),
    [
        (role(statement({"Ref": "Secret"})), "an action that cannot be read here"),
        (
            policy_of("AWS::SQS::QueuePolicy", statement("sqs:Send", Principal={"AWS": {"Ref": "Secret"}})),
            "somebody whose name cannot be read here",
        ),
        (
            policy_of(
                "AWS::SQS::QueuePolicy",
                statement("sqs:Send", Principal={"AWS": {"Fn::Sub": "arn:aws:iam::${Secret}:root"}}),
            ),
            "somebody whose name cannot be read here",
        ),
        (role(PermissionsBoundary={"Ref": "Secret"}), "a boundary that cannot be read here"),
        (role(ManagedPolicyArns=[{"Ref": "Secret"}]), "a policy that cannot be read here"),
        ({"Type": "AWS::Lambda::Url", "Properties": {"AuthType": {"Ref": "Secret"}}}, "open to everybody"),
        (
            {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"AuthorizationType": {"Ref": "Secret"}}},
            "open to everybody",
        ),
    ],
)
def test_a_parameter_that_is_looked_up_is_shown_as_it_is_written_and_asks(found: dict[str, Any], alarm: str) -> None:
    after = with_parameters(LOOKED_UP, Thing=found)

    assert alarms(after) == [alarm]
    assert all("Deny" not in str(change) for change in changes(None, after))


STAR = json.dumps({"Statement": [statement("*")]})


@pytest.mark.parametrize(
    "written", [{"Fn::ImportValue": "x"}, {"Ref": "Secret"}, "{{resolve:ssm:/a}}", {"Ref": "Word"}]
)
@pytest.mark.parametrize(
    "found",
    [
        lambda text: role(Policies=text),
        lambda text: role(Policies=[text]),
        lambda text: role(Policies=[{"PolicyName": "a", "PolicyDocument": text}]),
        lambda text: role(Policies=[{"PolicyName": "a", "PolicyDocument": {"Statement": text}}]),
        lambda text: role(Policies=[{"PolicyName": "a", "PolicyDocument": {"Statement": [text]}}]),
        lambda text: role(AssumeRolePolicyDocument=text),
        lambda text: (
            {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Fn::Sub": text}}}
            if isinstance(text, str)
            else {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": text}}
        ),
        lambda text: {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": text}},
    ],
)
def test_a_document_that_cannot_be_read_is_shown_as_it_is_written_and_asks(found: Any, written: Any) -> None:
    words = {**LOOKED_UP, "Word": {"Type": "String", "Default": '{"Statement": [${no json}]}'}}
    after = with_parameters(words, Thing=found(written))
    shown = written if isinstance(written, str) else json.dumps(written, separators=(",", ":"))

    assert alarms(after) == ["what it allows cannot be read"]
    assert any(shown in str(change) or "no json" in str(change) for change in changes(None, after))
    assert rights_question("orders", changes(None, after))[0].answer == "rights:orders"
    other = with_parameters(words, Thing=found({"Fn::ImportValue": "other"}))
    assert "what it allows cannot be read" in alarms(after, other)


def test_a_document_that_is_the_text_of_a_parameter_or_put_together_is_read() -> None:
    half, rest = STAR[:12], STAR[12:]
    for written in ({"Ref": "Word"}, {"Fn::Sub": STAR}, {"Fn::Join": ["", [half, rest]]}, STAR.replace("S", "\\u0053")):
        policies = [{"PolicyName": "a", "PolicyDocument": written}]
        after = with_parameters({"Word": {"Type": "String", "Default": STAR}}, R=role(Policies=policies))
        assert alarms(after) == ["every action"], written


def test_a_list_that_is_a_parameter_is_read_item_by_item() -> None:
    parameters = {"Calls": {"Type": "CommaDelimitedList", "Default": "s3:Get, iam:*"}}
    for action in ({"Ref": "Calls"}, {"Fn::Split": [",", "s3:Get,iam:*"]}):
        assert alarms(with_parameters(parameters, R=role(statement(action)))) == ["iam:* on everything"]


VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (statement("*", Condition=VPC), statement("*"), "wider"),
        (
            statement("*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1", "aws:PrincipalTag/team": "a"}}),
            statement("*", Condition=VPC),
            "wider",
        ),
        (
            statement("*", Condition=VPC),
            statement("*", Condition={"StringEqualsIfExists": VPC["StringEquals"]}),
            "wider",
        ),
        (
            statement("*", Condition=VPC),
            statement("*", Condition={"ForAllValues:StringEquals": VPC["StringEquals"]}),
            "wider",
        ),
        (
            statement("*", Condition=VPC),
            statement("*", Condition={"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}),
            "wider",
        ),
        (
            statement("*", Condition={"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}),
            statement("*", Condition={"StringNotEquals": {"aws:SourceVpc": ["vpc-1"]}}),
            "wider",
        ),
        (statement("*", Condition=VPC), statement("*", Condition={"StringLike": {"aws:SourceVpc": "*"}}), "added"),
        (statement("s3:*", "arn:aws:s3:::a"), statement("s3:*"), "wider"),
        (statement("*", "arn:aws:s3:::a"), statement("*"), "wider"),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]},
            {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::b"]},
            "wider",
        ),
        (
            {"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"},
            {"Effect": "Allow", "NotAction": ["kms:*"], "Resource": "*"},
            "wider",
        ),
    ],
)
def test_a_wide_right_that_grows_asks_though_it_was_wide_before(before: Any, after: Any, word: str) -> None:
    grown = changes(template(R=role(before)), template(R=role(after)))
    shrunk = changes(template(R=role(after)), template(R=role(before)))

    assert grown[0].change == word and len(grown[0].alarms) == 1
    if word == "wider":
        assert [(change.change, change.alarms) for change in shrunk] == [("narrower", ())]


def test_a_condition_becomes_no_wider_by_one_more_that_has_to_hold() -> None:
    loose = {"StringEqualsIfExists": VPC["StringEquals"]}

    assert (
        alarms(template(R=role(statement("*", Condition=VPC))), template(R=role(statement("*", Condition=loose)))) == []
    )


DENIAL = statement(["iam:*", "kms:*"], effect="Deny")


@pytest.mark.parametrize(
    ("after", "line"),
    [
        (statement("iam:*", effect="Deny"), "~ the denial is narrower: R must not iam:* on *"),
        (statement(["iam:*", "kms:*"], "arn:aws:iam::222222222222:role/a", "Deny"), "~ the denial is narrower"),
        (statement(["iam:*", "kms:*"], effect="Deny", Condition=VPC), "~ the denial is narrower"),
    ],
)
def test_a_denial_that_shrinks_asks_and_is_not_called_wider(after: Any, line: str) -> None:
    (change,) = changes(template(R=role(DENIAL)), template(R=role(after)))
    (back,) = changes(template(R=role(after)), template(R=role(DENIAL)))

    assert str(change).startswith(line) and change.alarms == ("less is denied",)
    assert str(back).startswith("~ the denial is wider: ") and back.alarms == ()


def test_a_denial_that_is_only_written_otherwise_asks_nothing() -> None:
    parts = [statement("iam:*", effect="Deny"), statement("kms:*", effect="Deny")]

    assert alarms(template(R=role(*parts)), template(R=role(DENIAL))) == []
    assert alarms(template(R=role(DENIAL)), template(R=role(*parts))) == []


def test_a_denial_in_a_policy_of_its_own_asks_when_it_goes_while_its_role_stays() -> None:
    apart = policy_of("AWS::IAM::Policy", DENIAL, Roles=[{"Ref": "R"}])

    assert alarms(template(R=role()), template(R=role(), P=apart)) == ["it is no longer denied"]
    assert alarms(template(), template(R=role(), P=apart)) == []
    assert alarms(template(R=role(DENIAL)), template(R=role(), P=apart)) == []


OPEN = [
    {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    {"IpAddress": {"aws:SourceIp": "::/0"}},
    {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
    {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "12.0.0.0/7"]}},
    {"IpAddress": {"aws:SourceIp": ["::/1", "8000::/1"]}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"ForAllValues:StringEquals": {"aws:SourceAccount": "222222222222"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    {"StringLike": {"aws:SourceAccount": "*2*"}},
    {"StringLike": {"aws:SourceAccount": ["222222222222", "1*"]}},
    {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    {"StringLike": {"aws:userid": "A*"}},
    {"StringEquals": {"aws:SourceAccount": {"Fn::ImportValue": "x"}}},
    {"StringLike": {"aws:SourceVpce": "vpce-*"}},
    {"Null": {"aws:SourceAccount": "222222222222"}},
    {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    {"StringEquals": {"aws:SourceAccount": {"Fn::If": ["C", "222222222222", {"Ref": "AWS::NoValue"}]}}},
    {"Fn::If": ["C", {"StringEquals": {"aws:SourceAccount": "222222222222"}}, {"Ref": "AWS::NoValue"}]},
    {"Ref": "AWS::StackName"},
]
LIMITED = [
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"][:1]}},
    {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
    {"StringEquals": {"AWS:SourceVpce": "vpce-0a1b2c3d"}},
    {"ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:aws:sns:*:${AWS::AccountId}:*"}}},
    {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Topic", "Arn"]}}},
    {"ArnLike": {"aws:SourceArn": {"Ref": "Topic"}}},
    {"StringEquals": {"aws:SourceAccount": "222222222222"}, "StringLike": {"aws:PrincipalTag/a": "*"}},
]


@pytest.mark.parametrize(
    ("condition", "asks"), [*((each, True) for each in OPEN), *((each, False) for each in LIMITED)]
)
def test_everybody_is_limited_by_values_only_that_are_known_to_limit(condition: dict[str, Any], asks: bool) -> None:
    policy = policy_of("AWS::SQS::QueuePolicy", statement("sqs:Send", Principal="*", Condition=condition))

    assert alarms(template(Thing=policy)) == (["open to everybody"] if asks else [])


def test_a_limit_that_loses_its_worth_asks() -> None:
    def queue(condition: dict[str, Any]) -> str:
        return template(Q=policy_of("AWS::SQS::QueuePolicy", statement("sqs:Send", Principal="*", Condition=condition)))

    assert alarms(queue(OPEN[0]), queue(LIMITED[0])) == ["open to everybody"]


OTHER_TOKEN = "arn:aws:lambda:us-east-1:999999999999:function:f"


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("AWS::IAM::AccessKey", {"UserName": "root-like"}),
        ("AWS::IAM::InstanceProfile", {"Roles": ["admin"]}),
        ("AWS::IAM::UserToGroupAddition", {"GroupName": "admins", "Users": ["me"]}),
        ("AWS::IAM::OIDCProvider", {"Url": "https://x"}),
        ("AWS::IAM::SAMLProvider", {}),
        ("AWS::RolesAnywhere::Profile", {"RoleArns": ["arn:aws:iam::222222222222:role/admin"]}),
        ("AWS::SSO::Assignment", {"PrincipalId": "x"}),
        ("AWS::EKS::AccessEntry", {"PrincipalArn": "arn:aws:iam::222222222222:role/a"}),
        ("AWS::LakeFormation::PrincipalPermissions", {}),
        ("AWS::EC2::VPCEndpointServicePermissions", {"AllowedPrincipals": ["*"]}),
        ("My::Own::Thing::MODULE", {}),
        ("Custom::Thing", {"ServiceToken": OTHER_TOKEN}),
        ("AWS::CloudFormation::CustomResource", {"ServiceToken": {"Fn::ImportValue": "x"}}),
        ("AWS::Logs::SubscriptionFilter", {"DestinationArn": "arn:aws:logs:us-east-1:999999999999:destination:d"}),
        ("AWS::SNS::Subscription", {"Protocol": "https", "Endpoint": "https://x.example"}),
        ("AWS::SNS::Subscription", {"Protocol": "http", "Endpoint": {"Fn::GetAtt": ["R", "Arn"]}}),
        ("AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "a@x.example"}),
        ("AWS::SNS::Subscription", {"Protocol": "sms", "Endpoint": "+1"}),
        ("AWS::SNS::Subscription", {"Protocol": {"Fn::ImportValue": "x"}, "Endpoint": {"Fn::GetAtt": ["R", "Arn"]}}),
        ("AWS::SNS::Subscription", {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:999999999999:q"}),
        ("AWS::SNS::Subscription", {"Protocol": "lambda", "Endpoint": {"Fn::ImportValue": "x"}}),
        ("AWS::SNS::Topic", {"Subscription": [{"Protocol": "https", "Endpoint": "https://x.example"}]}),
        ("AWS::SNS::Topic", {"Subscription": {"Fn::FindInMap": ["A", "b", "c"]}}),
        ("AWS::Events::Rule", {"Targets": [{"Id": "a", "Arn": "arn:aws:events:us-east-1:999999999999:event-bus/b"}]}),
        ("AWS::Events::ApiDestination", {"InvocationEndpoint": "https://x.example"}),
        ("AWS::Cognito::IdentityPool", {"AllowUnauthenticatedIdentities": True}),
        ("AWS::Cognito::IdentityPoolRoleAttachment", {"Roles": {"unauthenticated": {"Fn::GetAtt": ["R", "Arn"]}}}),
    ],
)
def test_what_gives_rights_in_other_words_is_shown_with_its_type_and_asks(type_: str, properties: Any) -> None:
    after = template(R=role(), Thing={"Type": type_, "Properties": properties})

    assert "grants rights in its own way" in alarms(after)
    assert any(f"Thing grants rights in its own way: {type_} " in str(change) for change in changes(None, after))
    assert alarms(after, after) == []
    more = template(R=role(), Thing={"Type": type_, "Properties": {**properties, "More": "x"}})
    assert alarms(more, after) == ["grants rights in its own way"]


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("AWS::IAM::InstanceProfile", {"Roles": [{"Ref": "R"}]}),
        ("Custom::Thing", {"ServiceToken": {"Fn::GetAtt": ["R", "Arn"]}}),
        ("Custom::Thing", {"ServiceToken": OTHER_TOKEN.replace("9" * 12, "2" * 12)}),
        ("AWS::Logs::SubscriptionFilter", {"DestinationArn": {"Fn::GetAtt": ["R", "Arn"]}}),
        ("AWS::SNS::Subscription", {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["R", "Arn"]}}),
        ("AWS::SNS::Subscription", {"Protocol": "lambda", "Endpoint": OTHER_TOKEN.replace("9" * 12, "2" * 12)}),
        ("AWS::SNS::Topic", {"TopicName": "news"}),
        ("AWS::Events::Rule", {"Targets": [{"Id": "a", "Arn": {"Fn::GetAtt": ["R", "Arn"]}}]}),
        ("AWS::Events::Rule", {"Targets": [{"Id": "a", "Arn": {"Ref": "R"}}]}),
        ("AWS::Cognito::IdentityPool", {"AllowUnauthenticatedIdentities": False}),
        ("AWS::WAFv2::WebACL", {"Rules": [{"Statement": {"RateBasedStatement": {"Limit": 9}}}]}),
        ("AWS::SQS::Queue", {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::ImportValue": "x"}}}),
        ("AWS::CloudFront::Distribution", {"SecurityPolicy": {"Ref": "AWS::StackName"}}),
        ("AWS::Lambda::Function", {"Environment": {"Variables": {"RetryPolicy": {"Fn::ImportValue": "x"}}}}),
    ],
)
def test_what_only_looks_like_it_asks_nothing(type_: str, properties: Any) -> None:
    assert alarms(template(R=role(), Thing={"Type": type_, "Properties": properties})) == []


@pytest.mark.parametrize(
    ("action", "alarm"),
    [
        ("iam:A*", "iam:A* on everything"),
        ("iam:*e*", "iam:*e* on everything"),
        ("iam:?u*", "iam:?u* on everything"),
        ("a*", "every action"),
        ("a*:*", "every action"),
        ("ia?:Get", "every action"),
    ],
)
def test_a_pattern_with_one_letter_is_all_of_a_service(action: str, alarm: str) -> None:
    assert alarms(template(R=role(statement(action)))) == [alarm]
    assert alarms(template(R=role(statement("s3:Get*")))) == []


def test_a_function_that_acts_as_a_role_of_elsewhere_asks() -> None:
    body = {"Type": "AWS::Lambda::Function", "Properties": {"Role": "arn:aws:iam::222222222222:role/admin"}}

    assert alarms(template(F=body)) == ["a role that is defined elsewhere"]
    assert alarms(template(F=body), template(F=body)) == []


def test_what_may_be_left_out_counts_as_left_out() -> None:
    nothing = {"Ref": "AWS::NoValue"}
    maybe = {"Fn::If": ["C", "222222222222", nothing]}
    given = {"Principal": "*", "Action": "lambda:InvokeFunction", "FunctionName": "f"}

    def permission(account: Any) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Permission", "Properties": {**given, "SourceAccount": account}}

    route = {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"AuthorizationType": {"Fn::If": ["C", "JWT", nothing]}}}
    assert alarms(template(T=permission(maybe))) == alarms(template(T=route)) == ["open to everybody"]
    assert alarms(template(T=permission(nothing))) == ["open to everybody"]
    assert alarms(template(T=permission("222222222222"))) == []


def test_a_principal_is_named_where_its_account_is() -> None:
    def trusted(who: Any) -> str:
        return template(R=role(AssumeRolePolicyDocument={"Statement": [{**LAMBDA, "Principal": {"AWS": who}}]}))

    chosen = {"Fn::Select": ["0", ["*", "a b"]]}
    assert alarms(trusted(chosen)) == ["somebody whose name cannot be read here"]
    named = ["arn:aws:iam::222222222222:role", {"Fn::ImportValue": "name"}]
    assert alarms(trusted({"Fn::Join": ["/", named]})) == []


# --- what hides nothing ---
NO_VALUE = {"Ref": "AWS::NoValue"}
EVERY_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def alarm(name: str) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": name}}


def trusting(principal: Any) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}}


@pytest.mark.parametrize(
    ("resources", "word"),
    [
        ({"MainRole": role(statement("*"), Statement=NO_VALUE)}, "every action"),
        (
            {
                "MainRole": role(
                    statement("*", Principal={"Fn::If": ["Never", {"Service": "x.amazonaws.com"}, NO_VALUE]})
                )
            },
            "every action",
        ),
        (
            {"MainRole": role(ManagedPolicyArns=[{"Ref": "Note"}]), "Note": alarm(EVERY_POLICY)},
            "a policy that cannot be read here",
        ),
        ({"MainRole": role(statement("s3:*", {"Ref": "Note"})), "Note": alarm("*")}, "s3:* on everything"),
        (
            {"MainRole": trusting({"AWS": {"Ref": "Note"}}), "Note": alarm("999999999999")},
            "somebody whose name cannot be read here",
        ),
        (
            {"MainRole": trusting({"AWS": {"Fn::Sub": "arn:aws:iam::${Note}:root"}}), "Note": alarm("999999999999")},
            "somebody whose name cannot be read here",
        ),
        (
            {"MainRole": role(ManagedPolicyArns=[{"Fn::Sub": ["${a_b}", {"a_b": EVERY_POLICY}]}])},
            "AdministratorAccess allows whole services",
        ),
        ({"MainRole": trusting({"AWS": {"Fn::Sub": ["${a_b}", {"a_b": "*"}]}})}, "open to everybody"),
        ({"Main": {"Type": "AWS::SQS::Queue", "Fn::Transform": {"Name": "AddMore"}}}, "what it allows cannot be read"),
        (
            {"Instance": {"Type": "AWS::EC2::Instance", "Properties": {"IamInstanceProfile": {"Ref": "Note"}}}}
            | {"Note": alarm("administrator")},
            "a role that is defined elsewhere",
        ),
        (
            {
                "Main": {
                    "Type": "AWS::EC2::LaunchTemplate",
                    "Properties": {"D": {"IamInstanceProfile": {"Name": "more"}}},
                }
            },
            "a role that is defined elsewhere",
        ),
        (
            {
                "Main": {
                    "Type": "AWS::Redshift::Cluster",
                    "Properties": {"IamRoles": ["arn:aws:iam::111111111111:role/a"]},
                }
            },
            "a role that is defined elsewhere",
        ),
        (
            {"Main": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": {"openapi": "3.0.1"}}}},
            "grants rights in its own way",
        ),
        (
            {"Main": {"Type": "AWS::ServiceCatalog::CloudFormationProvisionedProduct", "Properties": {}}},
            "grants rights in its own way",
        ),
        ({"MainRole": role(statement("s3:*", "arn:aws:s3*"))}, "s3:* on everything"),
        ({"MainRole": role(statement("iam:*", ["arn:aws:iam::111111111111:role/*"]))}, "iam:* on everything"),
    ],
)
def test_no_way_of_writing_it_hides_a_right(resources: dict[str, Any], word: str) -> None:
    assert word in alarms(template(**resources))


@pytest.mark.parametrize(("integration", "asks"), [("AWS_PROXY", True), ("MOCK", False)])
def test_a_method_for_browsers_is_open_if_it_calls_something(integration: str, *, asks: bool) -> None:
    properties = {"HttpMethod": "OPTIONS", "AuthorizationType": "NONE", "Integration": {"Type": integration}}
    found = alarms(template(Main={"Type": "AWS::ApiGateway::Method", "Properties": properties}))

    assert ("open to everybody" in found) is asks


def test_an_account_of_a_mapping_is_an_account() -> None:
    other = {"Fn::Join": ["", ["arn:aws:iam::", {"Fn::FindInMap": ["Accounts", "prod", "id"]}, ":role/x"]]}
    after = json.loads(template(MainRole=role(statement("sts:AssumeRole", other))))
    after["Mappings"] = {"Accounts": {"prod": {"id": "999999999999"}}}

    assert "account 999999999999" in alarms(json.dumps(after))


def open_bucket(action: str, resource: str, principal: Any = "*") -> str:
    policy = policy_of(
        "AWS::S3::BucketPolicy", statement(action, resource, Principal=principal), Bucket={"Ref": "Data"}
    )
    return template(Data={"Type": "AWS::S3::Bucket"}, Policy=policy)


def test_more_for_everybody_asks_again() -> None:
    before, after = open_bucket("s3:GetObject", "arn:aws:s3:::b/public/*"), open_bucket("s3:*", "arn:aws:s3:::b/*")

    assert "open to everybody" in alarms(after, before)
    assert alarms(before, after) == []


def test_a_whole_account_asks_where_one_role_of_it_was_let_in() -> None:
    one = open_bucket("s3:GetObject", "arn:aws:s3:::b/*", {"AWS": "arn:aws:iam::999999999999:role/ci"})
    both = open_bucket(
        "s3:GetObject", "arn:aws:s3:::b/*", {"AWS": ["arn:aws:iam::999999999999:role/ci", HERE.account_id]}
    )

    assert "account 999999999999" in alarms(open_bucket("s3:GetObject", "arn:aws:s3:::b/*", {"AWS": OTHER}), one)
    assert alarms(both, one) == []


@pytest.mark.parametrize("target", ["app", {"Ref": "MainRole"}])
@pytest.mark.parametrize("stays", [True, False])
def test_a_denial_asks_by_what_it_is_attached_to(target: Any, *, stays: bool) -> None:
    main, policy = role(RoleName="app"), policy_of("AWS::IAM::Policy", statement("s3:*", effect="Deny"), Roles=[target])
    queue = {"Type": "AWS::SQS::Queue"}
    after = template(Queue=queue, **({"MainRole": main} if stays else {}))

    assert ("it is no longer denied" in alarms(after, template(MainRole=main, Deny=policy, Queue=queue))) is stays


def test_a_denial_on_everything_of_a_queue_that_stays_asks() -> None:
    queue, denial = {"Type": "AWS::SQS::Queue"}, statement("sqs:*", "*", "Deny", Principal="*")
    policy = policy_of("AWS::SQS::QueuePolicy", denial, Queues=[{"Ref": "Queue"}])

    assert "it is no longer denied" in alarms(template(Queue=queue), template(Queue=queue, Policy=policy))
