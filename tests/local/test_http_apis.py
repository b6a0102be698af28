"""The local cloud serves HTTP APIs as API Gateway does: over HTTP, with its own answers where a function has none."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
ACCOUNT = "4" * 12
SOURCE = {
    "ZipFile": """\
import base64, json, os
ANSWERS = {
    "no-body": {"statusCode": 204},
    "text-status": {"statusCode": "200", "body": "x"},
    "object-body": {"statusCode": 200, "body": {"a": 1}},
    "odd-headers": {"statusCode": 200, "headers": {"a": ["b"]}, "body": "x"},
    "bad-base64": {"statusCode": 200, "isBase64Encoded": True, "body": "%%%"},
    "bytes": {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\\x00\\xff").decode()},
    "cookies": {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": "x"},
    "cors": {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://evil.example"}, "body": "x"},
    "plain": {"greeting": "hello"},
    "text": "hello",
}
def handler(event, context):
    if event.get("type") == "REQUEST":
        word = event["headers"].get("authorization")
        return {"isAuthorized": word == "let me in", "context": {"who": "me"}} if word != "broken" else {"yes": 1}
    name = (event.get("pathParameters") or {}).get("name", "")
    if name == "raise":
        raise ValueError("secret detail")
    return ANSWERS.get(name, event)
"""
}
ORIGIN = "https://shop.example"


class Api:
    """One deployed API."""

    def __init__(self, cloud: LocalCloud, cloudformation: Any, name: str, resources: Mapping[str, Any]) -> None:
        self.status, self.reasons = create_stack(cloudformation, name, resources)
        found = {}
        if self.status == "CREATE_COMPLETE":
            listed = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
            found = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}
        self.id = found.get("Api", "")
        self.url = f"{cloud.endpoint}/_aws/execute-api/{self.id}"

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", method=method, data=body, headers=names)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- of the local cloud
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    def got(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        status, _, answer = self.ask(path, method, body, **headers)
        assert status == 200, answer
        return json.loads(answer)


def resources_of(name: str, routes: Mapping[str, Mapping[str, Any]], **api: Any) -> dict[str, Any]:
    """A function behind every route; ``api`` are further properties of the API."""
    made: dict[str, Any] = function_resources(name, SOURCE, Runtime=RUNTIME)
    source = {"Fn::Sub": "arn:aws:execute-api:us-east-1:444444444444:${Api}/$default/*"}
    for key, type_, properties in (
        ("Api", "Api", {"Name": name, "ProtocolType": "HTTP", **api}),
        ("Stage", "Stage", {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}),
        *((f"Behind{form[0]}", "Integration", behind(form)) for form in ("2.0", "1.0")),
    ):
        made[key] = {"Type": f"AWS::ApiGatewayV2::{type_}", "Properties": properties}
    made["Permission"] = permission(source)
    for number, (route, more) in enumerate(routes.items()):
        form = more.get("form", "2")
        properties = {
            "ApiId": {"Ref": "Api"},
            "RouteKey": route,
            "Target": {"Fn::Sub": f"integrations/${{Behind{form}}}"},
            **{key: value for key, value in more.items() if key != "form"},
        }
        made[f"Route{number}"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}
    return made


def behind(form: str) -> dict[str, Any]:
    return {
        "ApiId": {"Ref": "Api"},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
        "PayloadFormatVersion": form,
    }


def permission(source: Any) -> dict[str, Any]:
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "Function"},
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": source,
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


def authorizer(**properties: Any) -> dict[str, Any]:
    common = {"ApiId": {"Ref": "Api"}, "Name": "authorizer"}
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {**common, **properties}}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {name: client_of(local_cloud, place, name) for name in ("cloudformation", "cognito-idp", "lambda")}


@pytest.fixture(scope="module")
def api(local_cloud: LocalCloud, clients: dict[str, Any]) -> Api:
    routes = {
        "GET /orders/{id}": {},
        "ANY /orders/{id}": {},
        "GET /orders/new": {},
        "ANY /files/{path+}": {},
        "POST /orders": {},
        "ANY /answers/{name}": {},
        "ANY /old/{name}": {"form": "1"},
        "GET /signed": {"AuthorizationType": "AWS_IAM"},
        "GET /checked": {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Checks"}},
        "GET /asked": {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Always"}},
        "GET /unchecked": {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "MayNot"}},
    }
    resources = resources_of("http-api", routes)
    checks = {
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": {
            "Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
        },
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "AuthorizerResultTtlInSeconds": 0,
        "IdentitySource": ["$request.header.authorization"],
    }
    resources["Checks"], resources["MayNot"] = authorizer(**checks), authorizer(**checks)
    resources["Always"] = authorizer(**{key: value for key, value in checks.items() if key != "IdentitySource"})
    always = "arn:aws:execute-api:us-east-1:444444444444:${Api}/authorizers/${Always}"
    resources["MayAlwaysAsk"] = permission({"Fn::Sub": always})
    asked = "arn:aws:execute-api:us-east-1:444444444444:${Api}/authorizers/${Checks}"
    resources["MayAsk"] = permission({"Fn::Sub": asked})
    found = Api(local_cloud, clients["cloudformation"], "http-api", resources)
    assert found.status == "CREATE_COMPLETE", found.reasons
    return found


def test_a_request_arrives_in_the_second_form(api: Api) -> None:
    got = api.got("/orders/7?a=1&a=2&b=", cookie="x=1; y=2", accept="text/plain")

    assert got["version"] == "2.0"
    assert (got["routeKey"], got["rawPath"], got["rawQueryString"]) == ("GET /orders/{id}", "/orders/7", "a=1&a=2&b=")
    assert got["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert (got["pathParameters"], got["cookies"]) == ({"id": "7"}, ["x=1", "y=2"])
    assert got["headers"]["accept"] == "text/plain"
    assert "cookie" not in got["headers"]
    assert "body" not in got
    context = got["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, api.id, "$default")
    assert context["http"]["method"] == "GET"


def test_a_request_arrives_in_the_first_form(api: Api) -> None:
    status, _, _ = api.ask("/old/7", "POST", b"{}", content_type="application/json")
    assert status == 500, "an event has no statusCode, which this form needs"
    assert api.ask("/old/text-status")[0] == 500
    assert api.ask("/old/plain")[0] == 500
    assert api.ask("/old/no-body")[0] == 204


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/orders/7", "GET /orders/{id}"),
        ("PUT", "/orders/7", "ANY /orders/{id}"),
        ("GET", "/orders/new", "GET /orders/new"),
        ("DELETE", "/files/a/b.txt", "ANY /files/{path+}"),
        ("POST", "/orders", "POST /orders"),
    ],
)
def test_the_most_exact_route_gets_a_request(api: Api, method: str, path: str, route: str) -> None:
    assert api.got(path, method)["routeKey"] == route


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/orders"), ("GET", "/files"), ("GET", "/"), ("OPTIONS", "/signed")]
)
def test_without_a_route_there_is_nothing(api: Api, method: str, path: str) -> None:
    status, headers, body = api.ask(path, method)

    assert (status, json.loads(body)) == (404, {"message": "Not Found"})
    assert headers["apigw-requestid"] != api.ask(path, method)[1]["apigw-requestid"], "each request has its own id"


def test_a_text_arrives_as_text_and_anything_else_encoded(api: Api) -> None:
    plain = api.got("/orders", "POST", b'{"id": 1}', content_type="application/json")
    other = api.got("/orders", "POST", b"a=1", content_type="application/x-www-form-urlencoded")

    assert (plain["body"], plain["isBase64Encoded"]) == ('{"id": 1}', False)
    assert (other["body"], other["isBase64Encoded"]) == ("YT0x", True)


def test_what_a_function_returns_is_sent(api: Api) -> None:
    assert api.ask("/answers/no-body")[0] == 204
    assert api.ask("/answers/bytes")[2] == b"\x00\xff"
    assert api.ask("/answers/cookies")[1].get_all("set-cookie") == ["a=1", "b=2"]
    assert api.ask("/answers/cookies")[1]["content-type"] == "text/plain;charset=UTF-8"
    status, headers, body = api.ask("/answers/plain")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"greeting": "hello"})
    assert api.ask("/answers/text")[2] == b"hello"


@pytest.mark.parametrize("name", ["raise", "text-status", "object-body", "odd-headers", "bad-base64"])
def test_an_answer_in_no_form_is_an_error_without_details(api: Api, name: str) -> None:
    status, _, body = api.ask(f"/answers/{name}")

    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


# --- who may call ---
def test_a_signed_route_needs_a_signature_and_a_right(api: Api, clients: dict[str, Any]) -> None:
    assert (api.ask("/signed")[0], json.loads(api.ask("/signed")[2])) == (403, {"message": "Forbidden"})

    keys = clients["lambda"]._request_signer._credentials
    request = AWSRequest(method="GET", url=f"{api.url}/signed")
    SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
    got = api.got("/signed", **{key: str(value) for key, value in request.headers.items()})
    assert got["requestContext"]["authorizer"]["iam"]["accountId"] == ACCOUNT
    wrong = {key: str(value).replace("Signature=", "Signature=0") for key, value in request.headers.items()}
    assert api.ask("/signed", **wrong)[0] == 403


def test_a_function_decides(api: Api) -> None:
    assert api.ask("/checked")[0] == 401, "the header is missing"
    assert api.ask("/checked", authorization="no")[0] == 403
    assert api.ask("/asked")[0] == 403, "it is asked although nothing was sent"
    assert api.ask("/checked", authorization="broken")[0] == 500
    got = api.got("/checked", authorization="let me in")
    assert got["requestContext"]["authorizer"] == {"lambda": {"who": "me"}}
    assert api.ask("/unchecked", authorization="let me in")[0] == 500, "the API may not call it as this authorizer"


def test_tokens_of_a_user_pool_are_verified(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    pools = clients["cognito-idp"]
    pool = pools.create_user_pool(PoolName="customers")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client, other = (
        pools.create_user_pool_client(UserPoolId=pool, ClientName=name, ExplicitAuthFlows=flows)["UserPoolClient"]
        for name in ("shop", "other")
    )
    pools.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=pool, Username="ann", Password="Hunter2-hunter2", Permanent=True)  # noqa: S106
    tokens = {
        each["ClientName"]: pools.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=each["ClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": "Hunter2-hunter2"},
        )["AuthenticationResult"]
        for each in (client, other)
    }
    routes = {
        "GET /mine": {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": "Tokens"}},
        "GET /all": {
            "AuthorizationType": "JWT",
            "AuthorizerId": {"Ref": "Tokens"},
            "AuthorizationScopes": ["orders/read"],
        },
    }
    resources = resources_of("http-api-tokens", routes)
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    resources["Tokens"] = authorizer(
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [client["ClientId"]]},
    )
    found = Api(local_cloud, clients["cloudformation"], "http-api-tokens", resources)

    assert found.status == "CREATE_COMPLETE", found.reasons
    good = tokens["shop"]["IdToken"]
    got = found.got("/mine", authorization=f"Bearer {good}")
    assert got["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:username"] == "ann"
    head, claims, signature = good.split(".")
    for word in ("", "Bearer a.b.c", f"Bearer {head}.{claims}.{signature[::-1]}", tokens["other"]["IdToken"]):
        assert found.ask("/mine", authorization=word)[0] == 401, word
    assert found.ask("/all", authorization=f"Bearer {good}")[0] == 403, "the scope is missing"


# --- pages ---
def test_pages_of_named_origins_may_call(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    cors = {"AllowOrigins": [ORIGIN], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"], "MaxAge": 60}
    resources = resources_of("http-api-pages", {"ANY /answers/{name}": {}}, CorsConfiguration=cors)
    found = Api(local_cloud, clients["cloudformation"], "http-api-pages", resources)

    assert found.status == "CREATE_COMPLETE", found.reasons
    status, headers, _ = found.ask("/answers/text", "OPTIONS", origin=ORIGIN, access_control_request_method="GET")
    assert (status, headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert (headers["access-control-allow-methods"], headers["access-control-max-age"]) == ("GET", "60")
    assert found.ask("/answers/cors", origin=ORIGIN)[1].get_all("access-control-allow-origin") == [ORIGIN]
    assert found.ask("/answers/cors")[1]["access-control-allow-origin"] is None
    assert found.ask("/answers/text", origin="https://evil.example")[0] == 403


def test_a_page_may_not_call_an_api_without_cors(api: Api) -> None:
    assert api.ask("/orders/7", origin=ORIGIN)[0] == 403


# --- templates ---
def test_an_api_without_a_permission_cannot_call(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("http-api-may-not", {"GET /": {}})
    resources["Permission"] = permission("arn:aws:execute-api:us-east-1:444444444444:another/*/*")
    found = Api(local_cloud, clients["cloudformation"], "http-api-may-not", resources)

    assert found.ask("/")[0] == 500


def test_the_caller_waits_no_longer_than_the_integration(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("http-api-late", {"GET /": {}})
    resources["Behind2"]["Properties"]["TimeoutInMillis"] = 50  # less than a first start takes
    found = Api(local_cloud, clients["cloudformation"], "http-api-late", resources)

    status, _, body = found.ask("/")
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})


def test_a_route_exists_once_and_leads_somewhere(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("http-api-twice", {"GET /a": {}, "GET /b": {}})
    resources["Route1"]["Properties"]["RouteKey"] = "GET /a"
    resources["Route1"]["DependsOn"] = ["Route0"]
    twice = Api(local_cloud, clients["cloudformation"], "http-api-twice", resources)
    assert "Route with key GET /a already exists for this API" in twice.reasons

    resources = resources_of("http-api-nowhere", {"GET /a": {"Target": "integrations/nothing"}})
    nowhere = Api(local_cloud, clients["cloudformation"], "http-api-nowhere", resources)
    assert "Invalid Integration identifier specified nothing" in nowhere.reasons

    resources = resources_of("http-api-nobody", {"GET /a": {"AuthorizationType": "JWT", "AuthorizerId": "nobody"}})
    nobody = Api(local_cloud, clients["cloudformation"], "http-api-nobody", resources)
    assert "Authorizer id is not valid" in nobody.reasons
