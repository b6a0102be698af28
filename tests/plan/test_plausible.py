"""What a function's variables look like before CloudFormation has filled them in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.plausible import REFERENCE, Stack, plausible_variables

PLACE = Environment(name="prod", account_id="444444444444", region="eu-west-1", role_name="")
RESOURCES = {
    "Invoices": {"Type": "AWS::SQS::Queue"},
    "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders"}},
    "News": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
    "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
    "Login": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "login"}},
    "Flow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"StateMachineName": "flow"}},
    "Site": {"Type": "AWS::CloudFront::Distribution"},
    "Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {"ReplicationGroupId": "cache"}},
    "Own": {"Type": "Custom::Own"},
}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/444444444444/"


def variables(**written: Any) -> dict[str, str]:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": written}}}
    document = {
        "Resources": {**RESOURCES, "MainFunction": function},
        "Parameters": {
            "Level": {"Type": "String", "Default": "info"},
            "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
        },
        "Mappings": {"Sizes": {"prod": {"batch": 7}}},
    }
    stack = Stack(name="orders-prod", environment=PLACE, document=document)
    return dict(plausible_variables(stack, "main"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("as it is", "as it is"),
        ({"Ref": "Invoices"}, f"{QUEUE}orders-prod-Invoices-1A2B3C4D5E6F"),
        ({"Fn::GetAtt": ["Failed", "QueueUrl"]}, f"{QUEUE}failed"),
        ({"Fn::GetAtt": ["Failed", "QueueName"]}, "failed"),
        ({"Fn::GetAtt": "Failed.Arn"}, "arn:aws:sqs:eu-west-1:444444444444:failed"),
        ({"Ref": "Table"}, "orders"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:eu-west-1:444444444444:table/orders"),
        (
            {"Fn::GetAtt": ["Table", "StreamArn"]},
            "arn:aws:dynamodb:eu-west-1:444444444444:table/orders/stream/2026-01-01T00:00:00.000",
        ),
        ({"Ref": "News"}, "arn:aws:sns:eu-west-1:444444444444:news"),
        ({"Fn::GetAtt": ["Files", "Arn"]}, "arn:aws:s3:::files"),
        ({"Ref": "Login"}, "arn:aws:secretsmanager:eu-west-1:444444444444:secret:login"),
        ({"Ref": "Flow"}, "arn:aws:states:eu-west-1:444444444444:stateMachine:flow"),
        (
            {"Fn::GetAtt": ["Site", "DomainName"]},
            "orders-prod-Site-1A2B3C4D5E6F.cloudfront.eu-west-1.amazonaws.com",
        ),
        ({"Fn::GetAtt": ["Cache", "PrimaryEndPoint.Port"]}, "443"),
        ({"Fn::Sub": "s3://${Files}/${AWS::Region}/${AWS::StackName}"}, "s3://files/eu-west-1/orders-prod"),
        ({"Fn::Join": ["-", [{"Ref": "Table"}, {"Ref": "AWS::AccountId"}]]}, "orders-444444444444"),
        ({"Fn::If": ["IsProd", {"Ref": "Table"}, "none"]}, "orders"),
        ({"Fn::FindInMap": ["Sizes", "prod", "batch"]}, "7"),
        ({"Ref": "Level"}, "info"),
        (5, "5"),
        (True, "true"),
    ],
)
def test_it_has_the_shape_that_the_type_gives_it(written: Any, expected: str) -> None:
    assert variables(VALUE=written) == {"VALUE": expected}


@pytest.mark.parametrize(
    "written",
    [
        {"Fn::ImportValue": "shared"},
        {"Ref": "Image"},
        {"Fn::GetAtt": ["Own", "Answer"]},
        "{{resolve:secretsmanager:arn:SecretString:password}}",
        {"Fn::Sub": "https://{{resolve:ssm:/host}}/"},
        {"Ref": "AWS::NotificationARNs"},
    ],
)
def test_what_is_known_only_when_the_stack_is_made_is_a_word(written: Any) -> None:
    assert variables(VALUE=written) == {"VALUE": REFERENCE}


def test_a_variable_that_is_left_out_is_not_there() -> None:
    assert variables(GONE={"Ref": "AWS::NoValue"}, THERE="x") == {"THERE": "x"}


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.sampled_from(sorted(RESOURCES)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::If"]), inner, max_size=2
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_is_written_becomes_a_text(written: Any) -> None:
    assert all(type(value) is str for value in variables(VALUE=written).values())
