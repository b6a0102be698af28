"""What a stack made is told by name, ARN and URL; what may be secret is not."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.outputs import Output, Outputs
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.outputs import OUTPUT_TYPES, outputs_of, reachable, recorded_outputs
from multi_env_lambda.testing.local_cloud import sample_config

PROD = attrs.evolve(sample_config().environment("prod"), account_id="555555555555", region="us-east-1")
FUNCTION = {
    "Create": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "orders-prod-create"}},
    "CreateAlias": {
        "Type": "AWS::Lambda::Alias",
        "Properties": {"FunctionName": {"Ref": "Create"}, "Name": "live"},
    },
    "CreateUrl": {
        "Type": "AWS::Lambda::Url",
        "Properties": {"TargetFunctionArn": {"Fn::GetAtt": ["Create", "Arn"]}, "Qualifier": "live"},
    },
}
URL = "https://abc.lambda-url.us-east-1.on.aws/"


def there(logical_id: str, type_: str, physical_id: str) -> PhysicalResource:
    return PhysicalResource(logical_id=logical_id, type=f"AWS::{type_}", physical_id=physical_id)


def found(
    *resources: PhysicalResource,
    bodies: dict[str, Any] | None = None,
    console: bool = False,
    keys: dict[str, str] | None = None,
    parameters: dict[str, Any] | None = None,
    **outputs: tuple[Any, str],
) -> tuple[Output, ...]:
    """``outputs``: name -> its expression in the template, and what CloudFormation computed."""
    document = {
        "Parameters": parameters or {},
        "Resources": bodies or {},
        "Outputs": {key: {"Value": expression} for key, (expression, _) in outputs.items()},
    }
    values = {key: value for key, (_, value) in outputs.items()}
    return outputs_of(resources, values, json.dumps(document), PROD, keys=keys or {}, console=console)


def test_a_function_is_told_with_its_alias_and_its_url() -> None:
    function, output = found(
        there("Create", "Lambda::Function", "orders-prod-create"),
        there("CreateAlias", "Lambda::Alias", "whatever"),
        bodies=FUNCTION,
        keys={"orders-prod-create": "create"},
        CreateUrl=({"Fn::GetAtt": ["CreateUrl", "FunctionUrl"]}, URL),
    )

    arn = "arn:aws:lambda:us-east-1:555555555555:function:orders-prod-create"
    assert function == Output(
        kind="function", key="create", name="orders-prod-create", arn=arn, alias_arn=f"{arn}:live", url=URL
    )
    assert output == Output(kind="output", key="CreateUrl", value=URL)


HERE = "us-east-1:555555555555"


@pytest.mark.parametrize(
    ("type_", "physical_id", "name", "arn", "url", "page"),
    [
        ("Glue::Job", "n-prod-j", "n-prod-j", f"glue:{HERE}:job/n-prod-j", None, "gluestudio/home"),
        ("S3::Bucket", "b", "b", "s3:::b", None, "s3/buckets/b?region=us-east-1"),
        ("DynamoDB::Table", "t", "t", f"dynamodb:{HERE}:table/t", None, "#table?name=t"),
        ("Kinesis::Stream", "s", "s", f"kinesis:{HERE}:stream/s", None, "#/streams/details/s/"),
        ("SNS::Topic", f"arn:aws:sns:{HERE}:t", "t", f"sns:{HERE}:t", None, f"#/topic/arn:aws:sns:{HERE}:t"),
        (
            "SQS::Queue",
            "https://sqs.us-east-1.amazonaws.com/555555555555/q",
            "q",
            f"sqs:{HERE}:q",
            "https://sqs.us-east-1.amazonaws.com/555555555555/q",
            "#/queues/https%3A%2F%2Fsqs.us-east-1.amazonaws.com%2F555555555555%2Fq",
        ),
        (
            "EC2::SecurityGroup",
            "sg-1",
            "sg-1",
            f"ec2:{HERE}:security-group/sg-1",
            None,
            "ec2/home?region=us-east-1#SecurityGroup:groupId=sg-1",
        ),
        (
            "StepFunctions::StateMachine",
            f"arn:aws:states:{HERE}:stateMachine:m",
            "m",
            f"states:{HERE}:stateMachine:m",
            None,
            f"#/statemachines/view/arn:aws:states:{HERE}:stateMachine:m",
        ),
    ],
)
def test_every_kind_has_a_name_an_arn_and_a_page(
    type_: str, physical_id: str, name: str, arn: str, url: str | None, page: str
) -> None:
    (item,) = found(there("It", type_, physical_id), console=True)

    assert (item.name, item.arn, item.url) == (name, f"arn:aws:{arn}", url)
    assert item.link is not None and item.link.startswith("https://us-east-1.console.aws.amazon.com/")
    assert page in item.link


def test_a_key_of_a_function_is_no_name_of_a_queue() -> None:
    queue, function = (there("In", f"{type_}", "orders-prod-in") for type_ in ("SQS::Queue", "Lambda::Function"))

    assert [item.key for item in found(queue, function, keys={"orders-prod-in": "in"})] == ["in", "In"]


def test_a_function_url_leads_to_the_local_cloud_where_it_is_used() -> None:
    host = "a1" * 16
    values = {"Url": f"https://{host}.lambda-url.eu-west-1.on.aws/x", "Other": "https://lambda-url.eu.on.aws/"}

    assert reachable(values, "http://127.0.0.1:1") == {**values, "Url": f"http://127.0.0.1:1/_aws/lambda-url/{host}/x"}


def test_an_output_that_repeats_a_resource_is_data_but_no_line() -> None:
    queue = there("In", "SQS::Queue", "https://sqs/1/in")
    items = found(queue, InUrl=({"Ref": "In"}, "https://sqs/1/in"), Other=("x", "y"))
    outputs = Outputs(project="orders", environment="prod", items=items)

    assert [item.key for item in outputs] == ["In", "InUrl", "Other"]
    assert "InUrl" not in outputs.text() and "output Other: y" in outputs.text()
    assert outputs.short().splitlines() == [
        "orders in prod: queue In: https://sqs/1/in",
        "orders in prod: output Other: y",
    ]


API = there("Api", "ApiGatewayV2::Api", "a1b2")


@pytest.mark.parametrize(
    ("stage", "properties", "url"),
    [
        ("$default", {}, "https://a1b2.execute-api.us-east-1.amazonaws.com"),
        ("v1", {"ProtocolType": "HTTP"}, "https://a1b2.execute-api.us-east-1.amazonaws.com/v1"),
        ("v1", {"ProtocolType": "WEBSOCKET"}, "wss://a1b2.execute-api.us-east-1.amazonaws.com/v1"),
    ],
)
def test_an_api_is_told_with_the_url_of_its_stage(stage: str, properties: dict[str, str], url: str) -> None:
    bodies = {
        "Other": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Else"}, "StageName": "x"}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": properties},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Api"}, "StageName": stage}},
    }

    assert [item.url for item in found(API, bodies=bodies, console=True)] == [url]
    assert [item.url for item in found(API, bodies=bodies)] == [None], "there is no such host in the local cloud"


def test_what_has_no_console_has_no_links() -> None:
    every = [there(f"R{n}", name.removeprefix("AWS::"), f"n{n}") for n, name in enumerate(OUTPUT_TYPES)]

    assert {item.link for item in found(*every)} == {None}
    assert None not in {item.link for item in found(*every, console=True)}
    assert [item.name for item in recorded_outputs(every, PROD, console=True)] == [item.physical_id for item in every]


def test_what_nobody_uses_is_no_output() -> None:
    role = there("Role", "IAM::Role", "orders-prod-role")
    unmade = there("Create", "Lambda::Function", "")

    assert found(role, unmade) == ()


SECRET = "hunter2hunter2"
HIDDEN = {"Pass": {"Type": "String", "NoEcho": True}, "Size": {"Type": "String"}}
STORED = {
    "Stored": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::Sub": "x-${Pass}"}}},
    "Open": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": "eu"}},
    "User": {"Type": "AWS::IAM::AccessKey", "Properties": {}},
}


@pytest.mark.parametrize(
    "expression",
    [
        {"Ref": "Pass"},
        {"Fn::Sub": "a-${Pass}-b"},
        {"Fn::Sub": ["a-${X}", {"X": {"Ref": "Pass"}}]},
        {"Fn::Join": ["", ["a", {"Ref": "Pass"}]]},
        {"Fn::If": ["Yes", {"Ref": "Pass"}, "b"]},
        {"Fn::GetAtt": ["Stored", "Value"]},
        {"Fn::GetAtt": "Stored.Value"},
        {"Fn::GetAtt": ["User", "SecretAccessKey"]},
        {"Fn::Sub": "${User.SecretAccessKey}"},
        "{{resolve:secretsmanager:orders/db}}",
    ],
)
def test_what_is_computed_from_a_secret_is_masked(expression: Any) -> None:
    (item,) = found(bodies=STORED, parameters=HIDDEN, Endpoint=(expression, SECRET))

    assert item.value == "***"
    assert SECRET not in repr(item)


@pytest.mark.parametrize(
    ("key", "expression", "value"),
    [
        ("Size", {"Ref": "Size"}, "small"),
        ("Region", {"Fn::GetAtt": ["Open", "Value"]}, "eu"),
        ("SecretArn", {"Ref": "Db"}, "arn:aws:secretsmanager:us-east-1:555555555555:secret:orders/db-AbCdEf"),
    ],
)
def test_what_is_no_secret_is_shown(key: str, expression: Any, value: str) -> None:
    (item,) = found(bodies=STORED, parameters=HIDDEN, **{key: (expression, value)})

    assert item.value == value


@pytest.mark.parametrize("key", ["DbPassword", "ApiKey", "AccessToken"])
def test_a_name_can_say_that_a_value_is_secret(key: str) -> None:
    (item,) = found(**{key: ("x", SECRET)})

    assert item.value == "***"


def test_a_value_can_have_the_form_of_a_secret() -> None:
    (item,) = found(Endpoint=("x", "postgres://ada:hunter2hunter2@db/orders"))

    assert item.value == "postgres://ada:***@db/orders"


def test_of_a_template_that_cannot_be_read_no_value_is_shown() -> None:
    (item,) = outputs_of((), {"Endpoint": "x"}, "Outputs: {}", PROD, keys={}, console=False)

    assert item.value == "***"


@given(name=st.text("abcXYZ09-_", min_size=1), type_=st.sampled_from(OUTPUT_TYPES))
def test_every_text_shows_the_name(name: str, type_: str) -> None:
    (item,) = found(there("It", type_.removeprefix("AWS::"), name))

    assert item.shown and any(name in line for line in item.lines())
