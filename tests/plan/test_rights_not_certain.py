"""Rights whose text is not what happens: what may be left out, what is nothing, and who is not of the stack."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.bounds import Bounding, Bounds
from multi_env_lambda.plan.bounds import beyond
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.rights_changes import rights_changes

from .template_values import SANDBOX

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
DENIAL = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
NOTHING = {"Ref": "AWS::NoValue"}
BUS = "AWS::Events::EventBusPolicy"


def of(type_: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_, "Properties": properties}


def role(*statements: Any, **properties: Any) -> dict[str, Any]:
    policy = {"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}
    return of("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=[policy], **properties)


def policy(*statements: Any, to: Any = ({"Ref": "Main"},), **body: Any) -> dict[str, Any]:
    document = {"Statement": list(statements)}
    return {**of("AWS::IAM::Policy", PolicyName="more", Roles=list(to), PolicyDocument=document), **body}


def asked(after: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    old = None if before is None else json.dumps({"Resources": before})
    found = rights_changes(old, json.dumps({"Resources": after}), place_of(SANDBOX))
    return [alarm for change in found for alarm in change.alarms]


@pytest.mark.parametrize(
    "body",
    [
        policy(READ, to=["AdminRole"]),
        policy(READ, to=[{"Ref": "Main"}, "AdminRole"]),
        policy(READ, to=[{"Fn::ImportValue": "role"}]),
        policy(READ, to=[{"Ref": "Topic"}]),
        policy(READ, to=["alice"]),
        of("AWS::IAM::ManagedPolicy", Roles=["AdminRole"], PolicyDocument={"Statement": [READ]}),
        of("AWS::IAM::ManagedPolicy", Groups=["admins"], PolicyDocument={"Statement": [READ]}),
        of("AWS::IAM::RolePolicy", RoleName="AdminRole", PolicyName="x", PolicyDocument={"Statement": [READ]}),
        of("AWS::IAM::UserPolicy", UserName="bob", PolicyName="x", PolicyDocument={"Statement": [READ]}),
        of("AWS::IAM::GroupPolicy", GroupName="admins", PolicyName="x", PolicyDocument={"Statement": [READ]}),
    ],
)
def test_a_policy_for_somebody_who_is_not_of_the_stack_asks(body: dict[str, Any]) -> None:
    """What such a role may already do nobody can read here; the user Alice of the stack is not the role Alice."""
    beside = {"Main": role(READ), "Alice": of("AWS::IAM::User", UserName="alice"), "Topic": of("AWS::SNS::Topic")}
    assert asked({**beside, "More": body}) == ["for somebody who is defined elsewhere"]
    assert asked({**beside, "More": body}, {**beside, "More": body}) == []
    bounded = attrs.evolve(SANDBOX, bounds=Bounds(permissions_boundary="edge"))
    found = beyond(json.dumps({"Resources": {"More": body}}), "projects/x", bounded, Bounding())
    assert found is not None
    assert "a permissions boundary that is unknown here" in found[0]


@pytest.mark.parametrize("to", [{"Ref": "Main"}, "acme-main"])
def test_a_policy_for_a_role_of_the_stack_is_ordinary_by_its_id_and_by_its_name(to: Any) -> None:
    assert asked({"Main": role(READ, RoleName="acme-main"), "More": policy(READ, to=[to])}) == []


@pytest.mark.parametrize("none", [{}, {"Action": []}, {"Action": NOTHING}, {"Action": {"Fn::If": ["A", NOTHING, []]}}])
def test_a_statement_without_an_action_allows_nothing_so_nobody_is_asked(none: dict[str, Any]) -> None:
    """IAM refuses it; a question about an empty right would only hide that."""
    body = {"More": policy({"Effect": "Allow", "Resource": "*", **none}, to=["deployer"])}
    (change,) = rights_changes(None, json.dumps({"Resources": body}), place_of(SANDBOX))
    assert (str(change), change.alarms) == ("+ deployer (defined elsewhere) may (no action is named) on *", ())


@pytest.mark.parametrize(
    "some",
    [
        {"NotAction": []},
        {"NotAction": NOTHING},
        {"action": "*"},
        {"Action": ""},
        {"Action": {"Fn::If": ["A", NOTHING, "s3:GetObject"]}},
        {"Action": {"Fn::FindInMap": ["A", "B", "C"]}},
        {"Action": {"Fn::ImportValue": "actions"}},
    ],
)
def test_what_may_be_an_action_asks_as_before(some: dict[str, Any]) -> None:
    assert asked({"More": policy({"Effect": "Allow", "Resource": "*", **some}, to=["deployer"])}) != []


def test_a_denial_for_somebody_else_is_ordinary() -> None:
    assert asked({"More": policy(DENIAL, to=["AdminRole"])}) == []


@pytest.mark.parametrize(
    "after",
    [
        policy(DENIAL, Condition="Never"),
        policy({"Fn::If": ["Never", DENIAL, NOTHING]}),
        policy({**DENIAL, "Action": {"Fn::If": ["Never", "iam:*", "x:y"]}}),
        policy({**DENIAL, "Resource": [{"Fn::If": ["Never", "*", "x"]}]}),
        policy(DENIAL, to=[{"Fn::If": ["Never", {"Ref": "Main"}, "other"]}]),
        of(
            "AWS::IAM::Policy",
            PolicyName="more",
            Roles=[{"Ref": "Main"}],
            PolicyDocument={"Fn::If": ["Never", {"Statement": [DENIAL]}, {"Statement": [READ]}]},
        ),
        of(
            "AWS::IAM::Policy",
            PolicyName="more",
            Roles=[{"Ref": "Main"}],
            PolicyDocument={"Statement": {"Fn::If": ["Never", [DENIAL], [READ]]}},
        ),
    ],
)
def test_a_denial_that_may_now_be_left_out_asks(after: dict[str, Any]) -> None:
    before = {"Main": role(READ), "More": policy(DENIAL)}
    words = asked({"Main": role(READ), "More": after}, before)
    assert words
    assert set(words) <= {"less is denied", "it is no longer denied"}
    assert asked({"Main": role(READ), "More": after}, {"Main": role(READ), "More": after}) == []


@pytest.mark.parametrize(
    "resource",
    [
        {"Fn::Sub": "arn:aws:dynamodb:us-east-1:222222222222:table/${AWS::NoValue}*"},
        {"Fn::Sub": ["arn:aws:dynamodb:us-east-1:222222222222:table/${x}*", {"x": NOTHING}]},
        {"Fn::Join": ["", ["arn:aws:dynamodb:us-east-1:222222222222:table/", NOTHING, "*"]]},
        "arn:aws:dynamodb:us-east-1:222222222222:table/${aws:PrincipalTag/of-mine}*",
        "arn:aws:dynamodb:us-east-1:222222222222:table/${aws:PrincipalTag/of-mine, ''}*",
        "arn:aws:dynamodb:us-east-1:222222222222:table/${aws:PrincipalTag/of-mine, '*'}",
        "arn:aws:dynamodb:us-east-1:222222222222:table/${aws:username}?*",
    ],
)
def test_what_is_filled_in_with_nothing_is_no_name(resource: Any) -> None:
    statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": resource}
    assert asked({"Main": role(statement)}) == ["dynamodb:* on everything"]


@pytest.mark.parametrize(
    "resource", ["arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket-${aws:PrincipalTag/team, 'all'}/*"]
)
def test_a_name_beside_what_is_filled_in_is_a_name(resource: str) -> None:
    assert asked({"Main": role({"Effect": "Allow", "Action": "s3:*", "Resource": resource})}) == []


def test_a_condition_by_what_the_caller_says_of_itself_limits_nobody() -> None:
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:PrincipalTag/bucket}"}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "q"}
    document = {"Statement": [{**statement, "Condition": condition}]}
    assert asked({"Queue": of("AWS::SQS::QueuePolicy", PolicyDocument=document)}) == ["open to everybody"]


@pytest.mark.parametrize(
    "body",
    [
        of("AWS::KMS::Key", KeyPolicy={"statement": [{"Effect": "Allow"}]}),
        of("AWS::KMS::Key", KeyPolicy={"Statement": [{**READ, "action": "kms:*"}]}),
        of("AWS::OpenSearchService::Domain", AccessPolicies={"Statement": [{**READ, "principal": "*"}]}),
        of("AWS::KMS::Key", KeyPolicy='{"Statement": [{"Effect": "Allow", "Effect": "Deny", "Action": "kms:*"}]}'),
        of(BUS, StatementId="all", Statement={"Principal": "*", "Action": "events:PutEvents"}),
        of(BUS, StatementId="all", Statement={"effect": "Allow", "principal": "*", "action": "events:PutEvents"}),
        of(BUS, StatementId="all", Statement={"Fn::ImportValue": "statement"}),
    ],
)
def test_a_policy_in_other_than_the_words_of_iam_is_shown_and_asks(body: dict[str, Any]) -> None:
    assert asked({"Thing": body}) == ["what it allows cannot be read"]


@pytest.mark.parametrize(
    "properties",
    [
        {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "bus"}},
        {"Statement": {"Fn::If": ["All", {"Effect": "Allow", "Principal": "*", "Action": "events:*"}, NOTHING]}},
        {"Action": "events:PutEvents", "Principal": "*"},
    ],
)
def test_a_bare_statement_of_an_event_bus_is_a_right(properties: dict[str, Any]) -> None:
    assert asked({"Bus": of(BUS, StatementId="all", **properties)}) == ["open to everybody"]


QUEUE = "arn:aws:sqs:us-east-1:{account}:q"
OWN, OTHER = (QUEUE.format(account=account) for account in ("222222222222", "999999999999"))


def sending(arn: Any) -> dict[str, dict[str, Any]]:
    return {
        "dead letter of a queue": of("AWS::SQS::Queue", RedrivePolicy={"deadLetterTargetArn": arn}),
        "outcome of a call": of(
            "AWS::Lambda::EventInvokeConfig", DestinationConfig={"OnSuccess": {"Destination": arn}}
        ),
        "dead letter of a call": of("AWS::Lambda::Function", DeadLetterConfig={"TargetArn": arn}),
        "event of a bucket": of("AWS::S3::Bucket", NotificationConfiguration={"QueueConfigurations": [{"Queue": arn}]}),
        "alarm": of("AWS::CloudWatch::Alarm", AlarmActions=[OWN, {"Fn::If": ["C", arn, NOTHING]}]),
        "dead letter of a rule": of("AWS::Events::Rule", Targets=[{"Arn": OWN, "DeadLetterConfig": {"Arn": arn}}]),
        "pipe": of("AWS::Pipes::Pipe", Source=OWN, Target=arn),
        "schedule": of("AWS::Scheduler::Schedule", Target={"Arn": arn}),
    }


@pytest.mark.parametrize("what", sending(OTHER))
def test_what_is_sent_to_another_account_asks(what: str) -> None:
    sent = {"Fn::Sub": OTHER.replace("us-east-1", "${AWS::Region}")}
    assert asked({"Thing": sending(OTHER)[what]}) == ["grants rights in its own way"]
    assert asked({"Thing": sending(sent)[what]}) == ["grants rights in its own way"]
    assert asked({"Thing": sending(OWN)[what]}) == []


def test_copies_of_a_bucket_for_another_owner_ask() -> None:
    def copied(**more: Any) -> dict[str, Any]:
        rule = {"Destination": {"Bucket": "arn:aws:s3:::copies", **more}}
        return of("AWS::S3::Bucket", ReplicationConfiguration={"Rules": [rule]})

    assert asked({"Thing": copied(Account="999999999999")}) == ["grants rights in its own way"]
    assert asked({"Thing": copied(Account={"Ref": "AWS::AccountId"})}) == []
    assert asked({"Thing": copied()}) == []


def test_the_arn_of_another_account_in_a_variable_or_a_layer_is_ordinary() -> None:
    layer = "arn:aws:lambda:us-east-1:999999999999:layer:x:1"
    variables = {"Variables": {"Queue": OTHER}}
    assert asked({"Thing": of("AWS::Lambda::Function", Layers=[layer], Environment=variables)}) == []


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_who_gets_a_role_or_a_policy_with_every_action_asks_though_it_was_there() -> None:
    def function(role_of: str) -> dict[str, Any]:
        return of("AWS::Lambda::Function", Role={"Fn::GetAtt": [role_of, "Arn"]})

    policy_of = of("AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": [EVERYTHING]})
    there = {"Main": role(READ), "Admin": role(EVERYTHING), "All": policy_of, "F": function("Main")}
    attached = role(READ, ManagedPolicyArns=[{"Ref": "All"}])
    assert asked({**there, "F": function("Admin")}, there) == ["every action"]
    assert asked({**there, "G": function("Admin")}, there) == ["every action"]
    assert asked({**there, "G": function("Main")}, there) == []
    assert asked({**there, "Main": attached}, there) == ["every action"]
    assert asked({**there, "Main": attached, "G": function("Main")}, {**there, "Main": attached}) == ["every action"]
    assert asked({**there, "Main": attached}, {**there, "Main": attached}) == []


@pytest.mark.parametrize(
    ("type_", "key", "where"),
    [
        ("AWS::SQS::QueuePolicy", "PolicyDocument", "Queues"),
        ("AWS::SNS::TopicPolicy", "PolicyDocument", "Topics"),
        ("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "SecretId"),
        ("AWS::Events::EventBusPolicy", "", "EventBusName"),
    ],
)
@pytest.mark.parametrize("resource", [{}, {"Resource": "*"}, {"Resource": "arn:aws:sqs:*:222222222222:*"}])
def test_a_policy_that_opens_another_thing_asks(type_: str, key: str, where: str, resource: dict[str, str]) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", **resource}
    rest: dict[str, Any] = {key: {"Statement": [statement]}} if key else {"Statement": statement}
    one, other, both = ({"Thing": of(type_, **rest, **{where: found})} for found in ("one", "other", ["one", "other"]))
    assert asked(other, one) == ["open to everybody"]
    assert asked(both, one) == ["open to everybody"]
    assert asked(one, both) == []


def test_an_exception_with_a_comma_is_no_two_exceptions() -> None:
    def but(*things: str) -> dict[str, Any]:
        return {"Main": role({"Effect": "Allow", "Action": "s3:*", "NotResource": list(things)})}

    first, second = "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"
    assert asked(but(f"{first}, {second}"), but(first, second)) == ["s3:* on everything"]
    assert asked(but(first, second), but(f"{first}, {second}")) == ["s3:* on everything"]


def test_a_public_bucket_that_everybody_may_now_write_to_asks() -> None:
    reading, writing = (of("AWS::S3::Bucket", AccessControl=how) for how in ("PublicRead", "PublicReadWrite"))
    assert asked({"Thing": writing}, {"Thing": reading}) == ["open to everybody"]
    assert asked({"Thing": reading}, {"Thing": reading}) == []


ADMIN = "arn:aws:iam::222222222222:role/Admin"


@pytest.mark.parametrize(
    "body",
    [
        of("AWS::ApiGateway::Method", AuthorizationType="AWS_IAM", Integration={"Credentials": ADMIN, "Type": "AWS"}),
        of("AWS::ApiGatewayV2::Integration", CredentialsArn={"Fn::ImportValue": "role"}),
        of("AWS::ApiGatewayV2::Authorizer", AuthorizerCredentialsArn=ADMIN),
        of("AWS::Any::New", Runner=ADMIN),
        of("AWS::Any::New", Deep=[{"Runner": {"Fn::Sub": ADMIN.replace("222222222222", "${AWS::AccountId}")}}]),
        of("AWS::IAM::InstanceProfile", Roles=["Admin"]),
        of("AWS::IAM::AccessKey", UserName="root-like"),
    ],
)
def test_a_role_of_elsewhere_asks_and_is_refused_whatever_the_property_is_called(body: dict[str, Any]) -> None:
    assert "a role that is defined elsewhere" in asked({"Thing": body})
    bounded = attrs.evolve(SANDBOX, bounds=Bounds(permissions_boundary="edge"))
    found = beyond(json.dumps({"Resources": {"Thing": body}}), "projects/x", bounded, Bounding())
    assert found is not None
    assert "whose content is unknown here" in found[0]


def test_who_is_let_in_and_what_a_variable_says_is_no_role_that_something_acts_as() -> None:
    permission = of("AWS::Lambda::Permission", Action="lambda:InvokeFunction", FunctionName="f", Principal=ADMIN)
    variables = of("AWS::Lambda::Function", Environment={"Variables": {"ROLE": ADMIN}})
    statement = {"Effect": "Allow", "Principal": {"AWS": ADMIN}, "Action": "sqs:SendMessage", "Resource": "q"}
    document = of("AWS::SQS::QueuePolicy", PolicyDocument={"Statement": [statement]})
    text = of("AWS::SQS::QueuePolicy", PolicyDocument=json.dumps({"Statement": [statement]}))
    assert asked({"One": permission, "Two": variables, "Three": document, "Four": text}) == []


def test_a_user_of_elsewhere_in_a_group_of_the_stack_asks() -> None:
    own = {"Group": of("AWS::IAM::Group"), "User": of("AWS::IAM::User", UserName="robot")}
    for users, words in (["alice"], ["for somebody who is defined elsewhere"]), ([{"Ref": "User"}, "robot"], []):
        addition = of("AWS::IAM::UserToGroupAddition", GroupName={"Ref": "Group"}, Users=users)
        assert asked({**own, "Addition": addition}) == words
        bounded = attrs.evolve(SANDBOX, bounds=Bounds(permissions_boundary="edge"))
        found = beyond(json.dumps({"Resources": {"Addition": addition, **own}}), "projects/x", bounded, Bounding())
        assert found is not None
        assert ("alice" in found[0]) is bool(words)
