"""What starts late is said once: when it is made, or changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.late_starts import late_starts

ON = {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}}
LATEST = {"EventSourceArn": "arn", "StartingPosition": "LATEST", "BatchSize": 1}
THREE = {"RedrivePolicy": {"deadLetterTargetArn": "arn", "maxReceiveCount": 3}}


def template(kind: str, properties: dict[str, Any]) -> str:
    return json.dumps({"Resources": {"It": {"Type": f"AWS::{kind}", "Properties": properties}}})


@pytest.mark.parametrize(
    ("kind", "before", "after", "text"),
    [
        ("Lambda::EventSourceMapping", None, LATEST, "It reads the stream from some minutes after its creation"),
        ("Lambda::EventSourceMapping", LATEST, LATEST | {"BatchSize": 2}, "from up to 90 seconds after its change"),
        ("S3::Bucket", None, ON, "It: uploads in the first five minutes send no events"),
        ("S3::Bucket", {}, ON, "It: uploads in the first five minutes send no events"),
        ("S3::Bucket", ON, {}, "It no longer sends its events to EventBridge, so rules elsewhere get none"),
        ("SQS::Queue", None, THREE, "It gives up a message after 3 attempts"),
    ],
)
def test_what_is_new_or_changed_is_said(
    kind: str, before: dict[str, Any] | None, after: dict[str, Any], text: str
) -> None:
    (found,) = late_starts(None if before is None else template(kind, before), template(kind, after))
    assert text in found


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("Lambda::EventSourceMapping", LATEST, LATEST),
        ("Lambda::EventSourceMapping", None, LATEST | {"StartingPosition": "TRIM_HORIZON"}),
        ("Lambda::EventSourceMapping", None, {"EventSourceArn": "a queue"}),
        ("S3::Bucket", ON, ON | {"BucketName": "x"}),
        ("S3::Bucket", None, {}),
        ("SQS::Queue", THREE, THREE | {"VisibilityTimeout": 60}),
        ("SQS::Queue", None, {"RedrivePolicy": {"deadLetterTargetArn": "arn", "maxReceiveCount": 5}}),
        ("SQS::Queue", None, {}),
    ],
)
def test_nothing_else_is(kind: str, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    assert late_starts(None if before is None else template(kind, before), template(kind, after)) == ()


def test_a_unit_that_goes_starts_nothing() -> None:
    assert late_starts(template("S3::Bucket", ON), None) == ()


def calls(bucket: str, target: object) -> dict[str, Any]:
    properties = {"Principal": "s3.amazonaws.com", "SourceArn": f"arn:aws:s3:::{bucket}", "FunctionName": target}
    return {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "orders-prod-create"}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionName": {"Ref": "Function"}, "Name": "live"},
        },
        "Own": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "own"}},
        "Computed": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "x"}}},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": properties},
    }


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ({"Ref": "Alias"}, "the function orders-prod-create, alias live;"),
        ({"Ref": "Function"}, "the function orders-prod-create;"),
        ("somebody-elses", "the function somebody-elses;"),
    ],
)
def test_the_owner_of_a_bucket_is_told_once_which_function_it_may_call(target: object, named: str) -> None:
    made = json.dumps({"Resources": calls("acme-raw", target)})
    (found,) = late_starts(None, made)

    assert found.startswith("the owner of the bucket acme-raw now adds a notification") and named in found
    assert late_starts(made, made) == ()


def test_a_bucket_of_the_stack_needs_nobody() -> None:
    assert late_starts(None, json.dumps({"Resources": calls("own", {"Ref": "Alias"})})) == ()
