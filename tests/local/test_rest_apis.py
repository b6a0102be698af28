"""The local cloud serves REST APIs as API Gateway does: what a template deployed, over HTTP, with its own answers."""

from __future__ import annotations

import base64
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.rest_settings import (
    PoolAuthorizer,
    RequestAuthorizer,
    RestApi,
    RestRoute,
    TokenAuthorizer,
    UsagePlan,
)
from multi_env_lambda.model.route import read_route
from multi_env_lambda.model.settings import Function
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.plan.template_values import project, template
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
ACCOUNT = "2" * 12
SOURCE = {
    "ZipFile": """\
import base64
ANSWERS = {
    "no-body": {"statusCode": 204},
    "text-status": {"statusCode": "201", "body": "x"},
    "no-status": {"body": "x"},
    "object-body": {"statusCode": 200, "body": {"a": 1}},
    "odd-headers": {"statusCode": 200, "headers": {"a": ["b"]}, "body": "x"},
    "another-key": {"statusCode": 200, "body": "x", "cookies": ["a=1"]},
    "two-lines": {"statusCode": 200, "headers": {"X-A": "a\\r\\nX-B: b"}, "body": "x"},
    "odd-name": {"statusCode": 200, "multiValueHeaders": {"X A": ["b"]}, "body": "x"},
    "half-character": {"statusCode": 200, "body": "\\ud800"},
    "upgrade": {"statusCode": 101},
    "long-status": {"statusCode": "9" * 5000},
    "plain": {"greeting": "hello"},
    "text": "hello",
    "bytes": {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\\x00\\xff").decode(),
              "headers": {"content-type": "image/png"}},
    "cookies": {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": "x"},
}
def handler(event, context):
    import json
    if "methodArn" in event:
        word = event.get("authorizationToken") or (event.get("headers") or {}).get("X-Partner")
        if word == "robot nobody":
            raise Exception("Unauthorized")
        if word == "robot broken":
            return {"yes": 1}
        effect = "Allow" if word in ("robot 7", "acme") else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "r2d2", "policyDocument": policy, "context": {"who": "me", "number": 7}}
    name = (event.get("pathParameters") or {}).get("name", "")
    if name == "raise":
        raise ValueError("secret detail")
    return ANSWERS.get(name, {"statusCode": 200, "body": json.dumps(event)})
"""
}
ORIGIN = "https://shop.example"
MADE = RestApi(
    cors=Cors(allow_origins=(ORIGIN,), allow_headers=("authorization",), max_age=60),
    authorizers=(
        RequestAuthorizer(key="partners", function="main", headers=("X-Partner",)),
        TokenAuthorizer(key="robots", function="main", pattern="robot .+"),
    ),
    usage_plan=UsagePlan(keys=("acme",)),
    binary_types=("image/*",),
)


def routes(**more: Any) -> tuple[RestRoute, ...]:
    found = {
        "GET /orders/{id}": {},
        "ANY /orders/{id}": {},
        "GET /orders/new": {},
        "ANY /files/{path+}": {},
        "POST /orders": {},
        "ANY /answers/{name}": {},
        "GET /signed": {"authorizer": "iam"},
        "GET /checked": {"authorizer": "robots"},
        "GET /asked": {"authorizer": "partners"},
        "GET /counted": {"api_key": True},
        **more,
    }
    return tuple(RestRoute(route=read_route(route), **{"api_key": False, **said}) for route, said in found.items())


def resources_of(name: str, events: tuple[RestRoute, ...], api: RestApi) -> dict[str, Any]:
    """Our own template of the API, with a function that is not ours."""
    unit = attrs.evolve(
        project(Function(key="main", handler="orders.main.handler", events=events), rest_api=api), name=name
    )
    ours: dict[str, Any] = template(unit)["Resources"]
    kept = ("AWS::ApiGateway::", "AWS::Lambda::Permission", "AWS::Logs::")
    made = {key: each for key, each in ours.items() if each["Type"].startswith(kept) and key != "MainLogs"}
    behind = function_resources(name, SOURCE, Runtime=RUNTIME)
    alias = {"FunctionName": {"Ref": "MainFunction"}, "FunctionVersion": "$LATEST", "Name": "live"}
    return {
        **made,
        "Role": behind["Role"],
        "MainFunction": behind["Function"],
        "MainAlias": {"Type": "AWS::Lambda::Alias", "Properties": alias},
    }


class Api:
    """One deployed API."""

    def __init__(self, cloud: LocalCloud, cloudformation: Any, name: str, resources: Mapping[str, Any]) -> None:
        self.cloud, self.cloudformation, self.name = cloud, cloudformation, name
        self.status, self.reasons = create_stack(cloudformation, name, resources)

    @property
    def ids(self) -> dict[str, str]:
        listed = self.cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}

    @property
    def url(self) -> str:
        return f"{self.cloud.endpoint}/_aws/execute-api/{self.ids['RestApi']}/live"

    def update(self, resources: Mapping[str, Any]) -> str:
        body = json.dumps({"Resources": resources})
        self.cloudformation.update_stack(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        return str(self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

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

    def refused(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        status, _, answer = self.ask(path, method, **headers)
        said = json.loads(answer)
        return status, said.get("message", said.get("Message"))


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("sandbox")
    names = ("apigateway", "cloudformation", "cognito-idp", "lambda")
    return {name: client_of(local_cloud, place, name) for name in names}


@pytest.fixture(scope="module")
def api(local_cloud: LocalCloud, clients: dict[str, Any]) -> Api:
    found = Api(local_cloud, clients["cloudformation"], "rest-one", resources_of("rest-one", routes(), MADE))
    assert found.status == "CREATE_COMPLETE", found.reasons
    return found


# --- what a function gets ---
def test_a_request_arrives_in_the_form_of_rest_apis(api: Api) -> None:
    got = api.got("/orders/7?a=1&a=2&b=", accept="text/plain", x_own="me")

    assert "version" not in got
    assert (got["resource"], got["path"], got["httpMethod"]) == ("/orders/{id}", "/orders/7", "GET")
    assert got["queryStringParameters"] == {"a": "2", "b": ""}
    assert got["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert got["pathParameters"] == {"id": "7"}
    assert (got["headers"]["Accept"], got["multiValueHeaders"]["X-Own"]) == ("text/plain", ["me"])
    assert got["headers"]["Host"] == f"{api.ids['RestApi']}.execute-api.us-east-1.amazonaws.com"
    context = got["requestContext"]
    assert (context["accountId"], context["stage"], context["path"]) == (ACCOUNT, "live", "/live/orders/7")
    assert context["identity"]["sourceIp"] == "127.0.0.1" and context["identity"]["user"] is None
    assert (got["body"], got["stageVariables"]) == (None, None)


def test_bytes_arrive_encoded_only_in_the_media_types_of_the_api(api: Api) -> None:
    plain = api.got("/orders", "POST", b"a=1", content_type="application/x-www-form-urlencoded")
    image = api.got("/orders", "POST", b"\x00\xff", content_type="image/png")

    assert (plain["body"], plain["isBase64Encoded"]) == ("a=1", False)
    assert (base64.b64decode(image["body"]), image["isBase64Encoded"]) == (b"\x00\xff", True)


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("GET", "/orders/7", "/orders/{id}"),
        ("PUT", "/orders/7", "/orders/{id}"),
        ("GET", "/orders/new", "/orders/new"),
        ("DELETE", "/files/a/b.txt", "/files/{path+}"),
        ("POST", "/orders", "/orders"),
        ("POST", "/orders/", "/orders"),
    ],
)
def test_the_most_exact_route_gets_a_request(api: Api, method: str, path: str, resource: str) -> None:
    assert api.got(path, method)["resource"] == resource


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/orders"), ("GET", "/files"), ("PUT", "/orders/new"), ("GET", "/x")]
)
def test_without_a_route_a_token_is_missing(api: Api, method: str, path: str) -> None:
    assert api.refused(path, method) == (403, "Missing Authentication Token")


def test_a_variable_may_stand_for_its_own_name_in_braces(api: Api) -> None:
    assert api.got("/orders/%7Bid%7D")["pathParameters"] == {"id": "{id}"}


def test_each_request_has_its_own_id(api: Api) -> None:
    status, headers, body = api.ask("/orders/7")

    assert headers.get_all("x-amzn-requestid") == [json.loads(body)["requestContext"]["requestId"]]
    assert headers["x-amzn-requestid"] != api.ask("/orders/7")[1]["x-amzn-requestid"]


# --- what a caller gets ---
def test_what_a_function_returns_is_sent(api: Api) -> None:
    assert api.ask("/answers/no-body")[0] == 204
    assert api.ask("/answers/text-status")[0] == 201
    assert api.ask("/answers/cookies")[1].get_all("set-cookie") == ["a=1", "b=2"]
    assert api.ask("/answers/cookies")[1]["content-type"] == "application/json"
    assert api.ask("/answers/bytes", accept="image/png,*/*")[2] == b"\x00\xff"
    assert api.ask("/answers/bytes", accept="text/html,image/png")[2] == base64.b64encode(b"\x00\xff")


ODD = ("two-lines", "odd-name", "half-character", "upgrade", "long-status")


@pytest.mark.parametrize(
    "name", ["raise", "no-status", "object-body", "odd-headers", "another-key", "plain", "text", *ODD]
)
def test_an_answer_in_no_form_is_an_error_without_details(api: Api, name: str) -> None:
    assert api.refused(f"/answers/{name}") == (502, "Internal server error")


# --- who may call ---
def test_a_signed_route_needs_a_signature(api: Api, clients: dict[str, Any]) -> None:
    assert api.refused("/signed") == (403, "Missing Authentication Token")

    request = AWSRequest(method="GET", url=f"{api.url}/signed")
    SigV4Auth(clients["lambda"]._request_signer._credentials, "execute-api", "us-east-1").add_auth(request)
    got = api.got("/signed", **{key: str(value) for key, value in request.headers.items()})
    assert got["requestContext"]["identity"]["accountId"] == ACCOUNT
    wrong = {key: str(value).replace("Signature=", "Signature=0") for key, value in request.headers.items()}
    assert api.ask("/signed", **wrong)[0] == 403


def test_a_function_decides_by_a_token(api: Api) -> None:
    assert api.refused("/checked") == (401, "Unauthorized")
    assert api.refused("/checked", authorization="human") == (401, "Unauthorized"), "it has another form"
    assert api.refused("/checked", authorization="robot nobody") == (401, "Unauthorized")
    assert api.refused("/checked", authorization="robot 8")[0] == 403
    assert api.ask("/checked", authorization="robot broken")[0] == 500
    got = api.got("/checked", authorization="robot 7")
    assert got["requestContext"]["authorizer"] == {"principalId": "r2d2", "who": "me", "number": "7"}


def test_a_function_decides_by_the_request(api: Api) -> None:
    assert api.refused("/asked")[0] == 403, "it is asked although nothing was sent"
    assert api.got("/asked", x_partner="acme")["requestContext"]["authorizer"]["who"] == "me"


def test_a_key_is_needed_where_the_route_says_so(api: Api, clients: dict[str, Any]) -> None:
    key = clients["apigateway"].get_api_key(apiKey=api.ids["RestApiKeyAcme"], includeValue=True)

    assert api.refused("/counted") == (403, "Forbidden")
    assert api.refused("/counted", x_api_key="0" * 32) == (403, "Forbidden")
    assert api.got("/counted", x_api_key=key["value"])["requestContext"]["identity"]["apiKeyId"] == key["id"]


@pytest.mark.long
def test_tokens_of_a_user_pool_are_verified(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    pools = clients["cognito-idp"]
    made = pools.create_user_pool(PoolName="members")["UserPool"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = pools.create_user_pool_client(UserPoolId=made["Id"], ClientName="shop", ExplicitAuthFlows=flows)
    pools.admin_create_user(UserPoolId=made["Id"], Username="ann", MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=made["Id"], Username="ann", Password="Hunter2-hunter2", Permanent=True)  # noqa: S106
    token = pools.admin_initiate_auth(
        UserPoolId=made["Id"],
        ClientId=app["UserPoolClient"]["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": "Hunter2-hunter2"},
    )["AuthenticationResult"]["IdToken"]
    closed = RestApi(authorizers=(PoolAuthorizer(key="members", user_pools=(made["Arn"],)),))
    events = tuple(
        RestRoute(route=read_route(route), authorizer="members", scopes=scopes)
        for route, scopes in (("GET /mine", ()), ("GET /all", ("orders/read",)))
    )
    found = Api(local_cloud, clients["cloudformation"], "rest-tokens", resources_of("rest-tokens", events, closed))

    assert found.status == "CREATE_COMPLETE", found.reasons
    claims = found.got("/mine", authorization=token)["requestContext"]["authorizer"]["claims"]
    assert claims["cognito:username"] == "ann"
    head, middle, signature = token.split(".")
    for word in ("", "a.b.c", f"{head}.{middle}.{signature[::-1]}"):
        assert found.refused("/mine", authorization=word) == (401, "Unauthorized"), word
    assert found.ask("/all", authorization=token)[0] in (401, 403), "the scope is missing"


# --- pages ---
def test_a_page_of_the_named_origin_may_call(api: Api) -> None:
    status, headers, body = api.ask("/orders", "OPTIONS", origin=ORIGIN, access_control_request_method="POST")

    assert (status, body) == (204, b"")
    assert headers["access-control-allow-origin"] == ORIGIN
    assert headers["access-control-allow-methods"] == "OPTIONS,POST"
    assert (headers["access-control-allow-headers"], headers["access-control-max-age"]) == ("authorization", "60")
    assert api.ask("/checked", origin=ORIGIN)[1]["access-control-allow-origin"] == ORIGIN, "it can read why"
    assert api.ask("/orders/7", origin=ORIGIN)[1]["access-control-allow-origin"] is None, "the function sends its own"
    assert api.ask("/orders/7", origin="https://evil.example")[0] == 403


# --- deployments ---
def test_a_stage_serves_what_was_deployed_and_the_url_stays(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    name = "rest-moves"
    before = resources_of(name, routes(), MADE)
    found = Api(local_cloud, clients["cloudformation"], name, before)
    assert found.status == "CREATE_COMPLETE", found.reasons
    url, (old,) = found.url, [key for key in before if key.startswith("RestApiDeployment")]

    after = resources_of(name, routes(**{"GET /late": {}})[1:], MADE)
    (new,) = [key for key in after if key.startswith("RestApiDeployment")]
    only_the_document = {**before, "RestApi": after["RestApi"]}
    assert found.update(only_the_document) == "UPDATE_COMPLETE"
    assert found.url == url
    assert found.refused("/late")[0] == 403, "nothing was deployed"
    assert found.got("/checked", authorization="robot 7"), "nor were its authorizers"

    assert found.update(after) == "UPDATE_COMPLETE"
    assert (found.url, new != old) == (url, True)
    assert found.got("/late")["resource"] == "/late"
    assert old not in found.ids and new in found.ids
    assert found.got("/checked", authorization="robot 7")

    assert found.update(before) == "UPDATE_COMPLETE", "an older release makes its own again"
    assert found.refused("/late")[0] == 403


@pytest.mark.long
def test_an_api_goes_with_its_stack(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("rest-gone", routes(), MADE)
    found = Api(local_cloud, clients["cloudformation"], "rest-gone", resources)
    assert found.status == "CREATE_COMPLETE", found.reasons

    only = {key: each for key, each in resources.items() if not key.startswith("RestApiDeployment")}
    only["RestApiStage"] = {**resources["RestApiStage"]}
    only["RestApiStage"]["Properties"] = {
        **resources["RestApiStage"]["Properties"],
        "DeploymentId": found.ids[next(key for key in resources if key.startswith("RestApiDeployment"))],
    }
    found.update(only)
    assert found.got("/orders/7"), "a deployment that a stage serves is not deleted"

    clients["cloudformation"].delete_stack(StackName="rest-gone")
    apis = clients["apigateway"].get_rest_apis()["items"]
    assert "rest-gone-sandbox-rest-api" not in [each["name"] for each in apis]


# --- templates ---
def test_an_api_without_a_permission_cannot_call(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("rest-may-not", routes(), MADE)
    del resources["MainRestApiPermission"]
    found = Api(local_cloud, clients["cloudformation"], "rest-may-not", resources)

    assert found.refused("/orders/7") == (500, "Internal server error")
    assert found.refused("/checked", authorization="robot 8")[0] == 403, "it may ask"
    del resources["MainRestApiAuthorizerPermission"]
    assert found.update(resources) == "UPDATE_COMPLETE"
    assert found.refused("/checked", authorization="robot 8") == (500, "Internal server error")


def test_two_variables_on_one_level_are_refused(local_cloud: LocalCloud, clients: dict[str, Any]) -> None:
    resources = resources_of("rest-siblings", routes(), MADE)
    paths = resources["RestApi"]["Properties"]["Body"]["paths"]
    paths["/orders/{number}/items"] = paths["/orders/{id}"]
    found = Api(local_cloud, clients["cloudformation"], "rest-siblings", resources)

    assert "A sibling ({id}) of this resource already has a variable path part -- only one is allowed" in found.reasons


def test_an_access_log_needs_the_role_of_the_account(
    local_cloud: LocalCloud, clients: dict[str, Any], api: Api
) -> None:
    logged = attrs.evolve(MADE, log_retention_days=30)
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
    clients["apigateway"].update_account(patchOperations=[role])
    without = Api(local_cloud, clients["cloudformation"], "rest-logs", resources_of("rest-logs", routes(), logged))
    assert "CloudWatch Logs role ARN must be set in account settings to enable logging" in without.reasons

    late = resources_of("rest-one", routes(**{"GET /late": {}}), logged)
    assert api.update(late) == "UPDATE_ROLLBACK_COMPLETE"
    assert api.refused("/late")[0] == 403
    assert api.got("/orders/7")["resource"] == "/orders/{id}", "the stage serves the old deployment"

    role["value"] = f"arn:aws:iam::{ACCOUNT}:role/api-gateway-logs"
    clients["apigateway"].update_account(patchOperations=[role])
    found = Api(local_cloud, clients["cloudformation"], "rest-logs-2", resources_of("rest-logs-2", routes(), logged))
    assert found.status == "CREATE_COMPLETE", found.reasons
