"""A request says by itself which operation it is."""

from __future__ import annotations

from email.message import Message

import pytest

from tests.tools.operations import Operation, operation_of


def seen(method: str, target: str, body: bytes = b"", *, service: str = "s3", **headers: str) -> Operation:
    message = Message()
    scope = f"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
    message["Authorization"] = scope
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return operation_of(method, target, message, body)


@pytest.mark.parametrize(
    ("method", "target", "label"),
    [
        ("PUT", "/bucket/projects/a%20b/x.whl", "PutObject projects/a b/x.whl"),
        ("HEAD", "/bucket/key", "HeadObject key"),
        ("GET", "/bucket?list-type=2&prefix=records%2F", "ListObjectsV2 records/"),
        ("PUT", "/bucket", "CreateBucket"),
        ("PUT", "/bucket?policy", "PutBucketPolicy"),
        ("POST", "/bucket/key?uploads", "CreateMultipartUpload key"),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u", "UploadPart key"),
    ],
)
def test_s3_is_known_by_method_path_and_query(method: str, target: str, label: str) -> None:
    operation = seen(method, target)
    assert (operation.label, operation.protocol) == (label, "rest-xml")


def test_a_copy_is_no_put() -> None:
    assert seen("PUT", "/bucket/key", x_amz_copy_source="/bucket/other").name == "CopyObject"
    part = seen("PUT", "/bucket/key?partNumber=1&uploadId=u", x_amz_copy_source="/bucket/other")
    assert part.name == "UploadPartCopy"


def test_the_query_protocol_says_it_in_the_form() -> None:
    body = b"Action=CreateChangeSet&StackName=orders-prod&ChangeSetName=c"
    operation = seen("POST", "/", body, service="cloudformation")
    assert (operation.label, operation.protocol) == ("CreateChangeSet orders-prod", "query")


def test_the_json_protocol_says_it_in_a_header() -> None:
    operation = seen("POST", "/", b"{}", service="ssm", X_Amz_Target="AmazonSSM.GetParameter")
    assert (operation.label, operation.protocol) == ("GetParameter", "json")


def test_lambda_is_known_by_its_path() -> None:
    invoke = seen("POST", "/2015-03-31/functions/orders-prod-create/invocations?Qualifier=live", service="lambda")
    assert (invoke.label, invoke.protocol) == ("Invoke orders-prod-create", "rest-json")


def test_an_unsigned_request_has_no_key() -> None:
    assert operation_of("GET", "/", Message(), b"").access_key_id == ""
