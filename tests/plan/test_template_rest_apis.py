"""The REST API of a unit in its template: routes in one document, a deployment for each of its states, who may call."""

from __future__ import annotations

import json
import re
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.rest_settings import RestApi, RestRoute
from multi_env_lambda.model.route import read_route
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.farewells import gone_notes
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.plan.rights_of import rights_of
from tests.plan.template_values import REST_API, SANDBOX, of_type, one, project, template, text

OPEN = RestApi()
INTEGRATION = "x-amazon-apigateway-integration"


def function(key: str, *routes: str, **more: Any) -> Function:
    events = tuple(RestRoute(route=read_route(route), api_key=False, **more) for route in routes)
    return Function(key=key, handler=f"orders.{key.replace('-', '_')}.handler", events=events)


def made(*functions: Function, api: RestApi = OPEN) -> Any:
    return template(project(*functions, rest_api=api))


def body(found: Any) -> Any:
    return one(found, "AWS::ApiGateway::RestApi")["Body"]


def deployment(found: Any) -> str:
    """The logical id of the only one, which the stage serves."""
    (name,) = of_type(found, "AWS::ApiGateway::Deployment")
    assert one(found, "AWS::ApiGateway::Stage")["DeploymentId"] == {"Ref": name}
    return str(name)


# --- the document ---
def test_all_routes_of_a_unit_are_in_one_document() -> None:
    found = made(function("list", "GET /orders"), function("create", "POST /orders", "ANY /files/{path+}"))

    paths = body(found)["paths"]
    assert {path: set(methods) for path, methods in paths.items()} == {
        "/orders": {"get", "post"},
        "/files/{path+}": {"x-amazon-apigateway-any-method"},
    }
    (route,) = paths["/files/{path+}"].values()
    assert route["parameters"] == [{"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}]
    assert one(found, "AWS::ApiGateway::RestApi")["Mode"] == "overwrite"


def test_a_route_calls_the_alias() -> None:
    route = body(made(function("list", "GET /")))["paths"]["/"]["get"]

    start = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    assert route[INTEGRATION] == {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {"Fn::Join": ["", [start, {"Ref": "ListAlias"}, "/invocations"]]},
        "passthroughBehavior": "when_no_match",
    }
    assert "security" not in route


def test_only_this_api_may_call_the_functions() -> None:
    found = made(function("list", "GET /a", "GET /b"))

    allowed = one(found, "AWS::Lambda::Permission")
    assert allowed["FunctionName"] == {"Ref": "ListAlias"}
    source = ["arn:aws:execute-api:us-east-1:222222222222:", {"Ref": "RestApi"}, "/*/*"]
    assert allowed["SourceArn"] == {"Fn::Join": ["", source]}


def test_what_the_table_says_is_on_api_and_stage() -> None:
    found = made(function("list", "GET /"), api=attrs.evolve(REST_API, stage="v1", endpoint="edge"))

    api, stage = one(found, "AWS::ApiGateway::RestApi"), one(found, "AWS::ApiGateway::Stage")
    assert api["EndpointConfiguration"] == {"Types": ["EDGE"]}
    assert api["BinaryMediaTypes"] == body(found)["x-amazon-apigateway-binary-media-types"] == ["image/*"]
    limits = {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100}
    assert stage["MethodSettings"] == [{"HttpMethod": "*", "ResourcePath": "/*", **limits}]
    assert '"$context.requestId"' in stage["AccessLogSetting"]["Format"]
    group = found["Resources"]["RestApiAccessLog"]
    assert group["Properties"]["LogGroupName"] == "/aws/vendedlogs/orders-sandbox-rest-api"
    assert group["DeletionPolicy"] == "RetainExceptOnCreate"
    host = ".execute-api.us-east-1.amazonaws.com/v1"
    assert found["Outputs"]["RestApiEndpoint"] == {"Value": {"Fn::Join": ["", ["https://", {"Ref": "RestApi"}, host]]}}


def test_without_a_word_there_is_neither_a_log_nor_a_limit() -> None:
    found = made(function("list", "GET /"))

    assert set(one(found, "AWS::ApiGateway::Stage")) == {"RestApiId", "StageName", "DeploymentId"}
    assert "RestApiAccessLog" not in found["Resources"]


# --- deployments ---
def test_the_same_api_has_the_same_deployment_whatever_else_changes() -> None:
    one_function = function("list", "GET /")
    bigger = attrs.evolve(one_function, memory_size=512)

    assert deployment(made(one_function)) == deployment(made(bigger))
    tagged = template(project(one_function, rest_api=OPEN, tags=(("team", "sales"),)))
    assert deployment(tagged) == deployment(made(one_function))


@pytest.mark.parametrize(
    "other",
    [
        lambda: made(function("list", "GET /b")),
        lambda: made(function("list", "GET /", authorizer="iam")),
        lambda: made(function("other", "GET /")),
        lambda: made(function("list", "GET /", "GET /b")),
        lambda: made(function("list", "GET /"), api=RestApi(binary_types=("image/*",))),
        lambda: made(function("list", "GET /"), api=RestApi(cors=Cors(allow_origins=("*",)))),
    ],
)
def test_whatever_is_served_makes_another_deployment(other: Any) -> None:
    assert deployment(made(function("list", "GET /"))) != deployment(other())


def test_what_a_stack_py_changes_is_served_too() -> None:
    def extend(found: Any, context: Any) -> None:
        context.merge("RestApi", {"Properties": {"Body": {"info": {"version": "2"}}}})

    unit = project(function("list", "GET /"), rest_api=OPEN)
    assert deployment(template(unit)) != deployment(template(unit, extend=extend))


def test_a_function_that_gets_another_name_is_called_by_it() -> None:
    """The document refers to the alias as before; a deployment keeps what that was."""
    one_function = function("list", "GET /")

    assert deployment(made(one_function)) != deployment(made(attrs.evolve(one_function, name="orders-sandbox-all")))


# --- who may call ---
def test_authorizers_are_those_that_a_route_names() -> None:
    found = body(made(function("create", "GET /", authorizer="robots"), api=REST_API))

    asked = found["components"]["securitySchemes"].pop("robots")
    assert asked["x-amazon-apigateway-authtype"] == "custom"
    called = asked["x-amazon-apigateway-authorizer"]
    assert called["authorizerUri"] == found["paths"]["/"]["get"][INTEGRATION]["uri"]
    del called["authorizerUri"]
    assert called == {
        "type": "token",
        "authorizerResultTtlInSeconds": 0,
        "identitySource": "method.request.header.Authorization",
        "identityValidationExpression": "robot .+",
    }
    assert found["components"]["securitySchemes"] == {}
    assert found["paths"]["/"]["get"]["security"] == [{"robots": []}]


def test_a_function_that_authorizes_may_be_asked() -> None:
    found = made(function("create", "GET /", authorizer="robots"), api=REST_API)

    allowed = found["Resources"]["CreateRestApiAuthorizerPermission"]["Properties"]["SourceArn"]
    assert allowed["Fn::Join"][1][1:] == [{"Ref": "RestApi"}, "/authorizers/*"]


def test_a_request_is_told_apart_by_headers_and_query_where_answers_are_kept() -> None:
    asked = body(made(function("create", "GET /", authorizer="partners"), api=REST_API))["components"]
    authorizer = asked["securitySchemes"]["partners"]["x-amazon-apigateway-authorizer"]

    assert authorizer["identitySource"] == "method.request.header.X-Partner,method.request.querystring.token"
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("request", 5)


def test_tokens_of_a_pool_and_their_scopes() -> None:
    found = body(made(function("create", "GET /", authorizer="members", scopes=("a/read",)), api=REST_API))

    pool = found["components"]["securitySchemes"]["members"]
    assert pool["x-amazon-apigateway-authorizer"]["type"] == "cognito_user_pools"
    assert found["paths"]["/"]["get"]["security"] == [{"members": ["a/read"]}]


def test_api_keys_and_their_plan() -> None:
    events = (RestRoute(route=read_route("GET /"), authorizer="iam", api_key=True),)
    found = made(Function(key="create", handler="orders.create.handler", events=events), api=REST_API)

    assert body(found)["paths"]["/"]["get"]["security"] == [{"iam": []}, {"api.key": []}]
    assert one(found, "AWS::ApiGateway::ApiKey") == {"Name": "orders-sandbox-acme", "Enabled": True}
    assert one(found, "AWS::ApiGateway::UsagePlan") == {
        "UsagePlanName": "orders-sandbox-rest-api",
        "ApiStages": [{"ApiId": {"Ref": "RestApi"}, "Stage": {"Ref": "RestApiStage"}}],
        "Throttle": {"RateLimit": 5, "BurstLimit": 10},
        "Quota": {"Limit": 1000, "Period": "MONTH"},
    }
    assert one(found, "AWS::ApiGateway::UsagePlanKey")["KeyId"] == {"Ref": "RestApiKeyAcme"}


# --- browsers ---
def test_a_browser_is_answered_without_a_function() -> None:
    cors = Cors(allow_origins=("https://a.example",), allow_headers=("x-a",), allow_credentials=True, max_age=5)
    found = body(made(function("list", "GET /a", "POST /a", "ANY /b", "OPTIONS /c"), api=RestApi(cors=cors)))

    asked = found["paths"]["/a"]["options"][INTEGRATION]
    prefix = "method.response.header.Access-Control-"
    assert asked["type"] == "mock"
    assert asked["responses"]["default"]["responseParameters"] == {
        f"{prefix}Allow-Origin": "'https://a.example'",
        f"{prefix}Allow-Credentials": "'true'",
        f"{prefix}Allow-Methods": "'GET,OPTIONS,POST'",
        f"{prefix}Allow-Headers": "'x-a'",
        f"{prefix}Max-Age": "'5'",
    }
    any_method = found["paths"]["/b"]["options"][INTEGRATION]["responses"]["default"]["responseParameters"]
    assert any_method[f"{prefix}Allow-Methods"] == "'DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT'"
    assert found["paths"]["/c"]["options"][INTEGRATION]["type"] == "aws_proxy"
    own = found["x-amazon-apigateway-gateway-responses"]["DEFAULT_4XX"]["responseParameters"]
    assert own["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://a.example'"


def test_a_browser_is_answered_where_everything_is_bytes_too() -> None:
    cors = Cors(allow_origins=("*",))
    for types, expected in (((), None), (("*/*",), "CONVERT_TO_TEXT")):
        found = body(made(function("list", "GET /a"), api=RestApi(cors=cors, binary_types=types)))
        assert found["paths"]["/a"]["options"][INTEGRATION].get("contentHandling") == expected


# --- rights ---
def public(found: str) -> list[str]:
    return [str(right) for right in rights_of(found, place_of(SANDBOX)) if right.kind in ("public", "other words")]


def test_each_open_route_is_a_right_of_everybody_and_a_closed_one_is_none() -> None:
    def written(who: str) -> str:
        return text(project(function("create", "GET /a", "POST /b", authorizer=who), rest_api=REST_API))

    assert public(written("none")) == ["anyone may call GET /a (RestApi)", "anyone may call POST /b (RestApi)"]
    for closed in ("iam", "members", "partners", "robots"):
        assert public(written(closed)) == [], closed


def test_an_api_key_closes_nothing() -> None:
    events = (RestRoute(route=read_route("GET /"), api_key=True),)
    found = project(Function(key="create", handler="orders.create.handler", events=events), rest_api=REST_API)

    assert public(text(found)) == ["anyone may call GET / (RestApi)"]


def test_opening_a_route_is_asked_about_and_another_open_one_too() -> None:
    def written(**routes: str) -> str:
        events = tuple(RestRoute(route=read_route(f"GET /{key}"), authorizer=who) for key, who in routes.items())
        found = Function(key="create", handler="orders.create.handler", events=events)
        return text(project(found, rest_api=REST_API))

    def asked(before: str, after: str) -> bool:
        return bool(rights_question("orders", rights_changes(before, after, SANDBOX)))

    closed, half, opened = written(a="iam", b="iam"), written(a="none", b="iam"), written(a="none", b="none")
    assert asked(closed, half)
    assert asked(half, opened)
    assert not asked(opened, closed)
    assert not asked(half, half)


def patched(change: Any) -> str:
    """The template of a closed route, with its document changed."""
    found = json.loads(text(project(function("create", "GET /", authorizer="iam"), rest_api=REST_API)))
    change(found["Resources"]["RestApi"]["Properties"]["Body"])
    return json.dumps(found)


def route(document: Any) -> Any:
    return document["paths"]["/"]["get"]


def test_the_document_that_is_patched_is_read() -> None:
    assert public(patched(lambda document: None)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda document: route(document)[INTEGRATION].update(type="http_proxy", uri="https://elsewhere.example"),
        lambda document: route(document)[INTEGRATION].update(credentials="arn:aws:iam::222222222222:role/admin"),
        lambda document: route(document)[INTEGRATION].update(uri={"Fn::ImportValue": "x"}),
        lambda document: route(document).pop(INTEGRATION),
        lambda document: route(document).update(security=[{"iam": []}, {}]),
        lambda document: route(document).update(security={"Fn::If": ["A", [{"iam": []}], []]}),
        lambda document: route(document).update({"x-amazon-apigateway-auth": {"type": "NONE"}}),
        lambda document: document["paths"].update({"Fn::Transform": {"Name": "AWS::Include"}}),
        lambda document: document["paths"]["/"].update(trace=route(document)),
        lambda document: document.update(security=[]),
        lambda document: document.update({"x-amazon-apigateway-policy": {}}),
        lambda document: document["components"]["securitySchemes"]["iam"].update(
            {"x-amazon-apigateway-authtype": "other"}
        ),
        lambda document: document["components"]["securitySchemes"]["iam"].update(
            {"x-amazon-apigateway-authtype": {"Ref": "Kind"}}
        ),
        lambda document: document["components"]["securitySchemes"]["iam"].update(
            {"x-amazon-apigateway-authtype": "custom"}
        ),
    ],
)
def test_a_document_that_cannot_be_read_is_asked_about_as_a_whole(change: Any) -> None:
    assert len([line for line in public(patched(change)) if "AWS::ApiGateway::RestApi" in line]) == 1


def test_a_scheme_that_is_not_there_closes_nothing() -> None:
    assert public(patched(lambda document: document.pop("components"))) == ["anyone may call GET / (RestApi)"]


# --- what goes ---
def test_a_route_that_goes_is_announced_but_no_deployment() -> None:
    with_pages = RestApi(cors=Cors(allow_origins=("*",)))
    before = project(function("create", "GET /a", "POST /a", "ANY /b/{x+}", "GET /c.d"), rest_api=with_pages)
    after = project(function("create", "GET /a"), rest_api=with_pages)

    assert gone_notes(changes(text(before), text(after))) == (
        "the route POST /a is deleted: requests that no other route takes get the status 403",
        "the route ANY /b/{x+} is deleted: requests that no other route takes get the status 403",
        "the route GET /c.d is deleted: requests that no other route takes get the status 403",
    )


def test_an_api_that_goes_is_announced() -> None:
    with_key = (RestRoute(route=read_route("GET /"), api_key=True),)
    before = text(project(Function(key="create", handler="orders.create.handler", events=with_key), rest_api=REST_API))
    after = text(project(Function(key="create", handler="orders.create.handler")))

    gone = gone_notes(changes(before, after))
    assert "RestApi: its URL is deleted; calls to it will fail" in gone
    assert "RestApiKeyAcme: the API key is deleted; callers that use it get the status 403" in gone
    assert not [note for note in gone if re.match("RestApiDeployment|RestApiStage: .*deployment", note)]


def test_a_function_may_know_the_address_of_its_own_api() -> None:
    """The API has the name of that function, and refers to the others."""

    def extend(_: Any, context: Any) -> None:
        context.set_environment("list", "API", {"Fn::Sub": "https://${RestApi}.example"})

    routes = function("list", "GET /a"), function("create", "POST /a")
    found = template(project(*routes, rest_api=OPEN), extend=extend)

    listed, created = (body(found)["paths"]["/a"][method][INTEGRATION]["uri"] for method in ("get", "post"))
    name = "arn:aws:lambda:us-east-1:222222222222:function:orders-sandbox-list:live"
    assert name in listed["Fn::Join"][1] and {"Ref": "CreateAlias"} in created["Fn::Join"][1]
    assert "ListAlias" not in json.dumps(found["Resources"][deployment(found)])
    assert made(*routes) == template(project(*routes, rest_api=OPEN))
