"""Function URLs of the local cloud, over real HTTP: the bytes and headers that a handler gets, and who may call."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import attrs
import boto3
import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.host_events import devops_client
from multi_env_lambda.model.workspace import WorkspaceConfig
from tests.end_to_end.bootstrapped import denied
from tests.local.test_guard import RUNTIME, everybody_may_call
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

NAME = "echo-by-url"
SOURCE = """import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@attrs.frozen
class Url:
    client: Any
    port: int
    path: str

    def post(self, body: bytes, *headers: tuple[str, str], path: str = "") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest("POST", f"{self.path}{path}")
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)


@pytest.fixture(scope="module")
def url(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Iterator[Url]:
    def client(service: str) -> Any:
        return devops_client(local_cloud, local_config.devops, service)

    resources = function_resources(NAME, {"ZipFile": SOURCE}, Runtime=RUNTIME)
    assert create_stack(client("cloudformation"), NAME, resources)[0] == "CREATE_COMPLETE"
    functions = client("lambda")
    made = functions.create_function_url_config(FunctionName=NAME, AuthType="NONE")["FunctionUrl"]
    key = (urlsplit(made).hostname or "").partition(".")[0]
    yield Url(functions, urlsplit(local_cloud.endpoint).port or 0, f"/_aws/lambda-url/{key}/")


def test_a_url_is_served_once_both_statements_of_the_policy_are_there_and_no_sooner(url: Url) -> None:
    anyone = {"FunctionName": NAME, "Principal": "*"}
    found = [url.post(b"{}")[0]]
    url.client.add_permission(
        StatementId="everybody", **anyone, Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"
    )
    found.append(url.post(b"{}")[0])
    url.client.remove_permission(FunctionName=NAME, StatementId="everybody")
    url.client.add_permission(
        StatementId="invoke", **anyone, Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True
    )
    found.append(url.post(b"{}")[0])
    url.client.remove_permission(FunctionName=NAME, StatementId="invoke")
    everybody_may_call(url.client, NAME)
    found.append(url.post(b"{}")[0])

    assert found == [403, 403, 403, 200]


def test_a_handler_gets_text_as_text_and_other_bytes_as_base64_and_headers_in_small_letters(url: Url) -> None:
    body = '{"ref": "refs/heads/“ünï” ☃"}'.encode()
    status, event = url.post(body, ("Content-Type", "application/json"), ("X-GitHub-EVENT", "push"))
    assert (status, event["body"].encode("utf-8"), event["isBase64Encoded"]) == (200, body, False)
    assert event["headers"]["x-github-event"] == "push"
    assert (event["rawPath"], event["requestContext"]["http"]["method"]) == ("/", "POST")

    raw = bytes(range(256))
    _, event = url.post(raw, ("Content-Type", "application/octet-stream"), path="a/b")
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"], event["rawPath"]) == (raw, True, "/a/b")


def test_a_header_that_comes_twice_is_both_values_with_a_comma_between(url: Url) -> None:
    twice = [("X-Hub-Signature-256", f"sha256={sign * 64}") for sign in "01"]
    _, event = url.post(b"{}", ("Content-Type", "application/json"), *twice)
    found = event["headers"]["x-hub-signature-256"]
    assert [one.strip() for one in found.split(",")] == [value for _, value in twice]


def test_a_request_that_is_too_long_calls_nothing(url: Url) -> None:
    json_type = ("Content-Type", "application/json")
    assert url.post(b"x" * (6_291_456 + 1), json_type)[0] == 413


def test_a_policy_knows_source_and_kind_of_each_event(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    iam, sts = (devops_client(local_cloud, local_config.devops, service) for service in ("iam", "sts"))
    root = {"AWS": f"arn:aws:iam::{local_config.devops.account_id}:root"}
    trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="urls-sender", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    keys = {"events:source": ["github.com"], "events:detail-type": ["push"]}
    condition = {"ForAllValues:StringEquals": keys, "Null": dict.fromkeys(keys, "false")}
    statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="urls-sender", PolicyName="p", PolicyDocument=policy)
    found = sts.assume_role(RoleArn=arn, RoleSessionName="sender")["Credentials"]
    session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], "us-east-1")
    events = session.client("events", endpoint_url=local_cloud.endpoint)

    right = {"Source": "github.com", "DetailType": "push", "Detail": "{}"}
    wrong = [{**right, "Source": "gitlab.com"}, {**right, "DetailType": "ping"}]
    assert not denied(events, "put_events", Entries=[right, right])
    assert [denied(events, "put_events", Entries=[right, one]) for one in wrong] == [True, True]
    assert [denied(events, "put_events", Entries=[one]) for one in wrong] == [True, True]
