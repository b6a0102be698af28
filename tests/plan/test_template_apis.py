"""The resources of a unit's HTTP API: one API, stable names, and no more rights than it needs."""

from __future__ import annotations

import json
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.api_settings import HttpApi, HttpRoute, JwtAuthorizer, LambdaAuthorizer
from multi_env_lambda.model.route import read_route
from multi_env_lambda.model.settings import Event, Function
from multi_env_lambda.plan.rights_changes import rights_changes, rights_question
from multi_env_lambda.plan.rights_of import rights_of
from multi_env_lambda.plan.template import render
from tests.plan.template_values import API, BUCKET, SANDBOX, SOURCE, of_type, one, project, template, text

TOKENS = JwtAuthorizer(key="customers", issuer="https://login.example/", audience=("shop",))


def function(key: str, *routes: str, **more: Any) -> Function:
    events = tuple(HttpRoute(route=read_route(route), **more) for route in routes)
    return Function(key=key, handler="orders.create.handler", events=events)


def made(*functions: Function, api: HttpApi | None = None) -> dict[str, Any]:
    found: dict[str, Any] = template(project(*functions, http_api=api or HttpApi()))
    return found


def routes_of(found: dict[str, Any]) -> dict[str, Any]:
    return {body["RouteKey"]: (name, body) for name, body in of_type(found, "AWS::ApiGatewayV2::Route").items()}


def test_functions_of_a_unit_share_one_api() -> None:
    found = made(function("create", "POST /orders", "GET /orders/{id}"), function("list", "GET /orders"))

    assert len(of_type(found, "AWS::ApiGatewayV2::Api")) == 1
    assert set(of_type(found, "AWS::ApiGatewayV2::Integration")) == {
        "CreateHttpApiIntegration",
        "ListHttpApiIntegration",
    }
    assert set(routes_of(found)) == {"POST /orders", "GET /orders/{id}", "GET /orders"}
    targets = {key: body["Target"]["Fn::Join"][1][1]["Ref"] for key, (_, body) in routes_of(found).items()}
    assert targets["GET /orders"] == "ListHttpApiIntegration"
    assert targets["POST /orders"] == targets["GET /orders/{id}"] == "CreateHttpApiIntegration"


def test_the_alias_is_called_so_traffic_can_move_slowly() -> None:
    behind = one(made(function("create", "GET /")), "AWS::ApiGatewayV2::Integration")

    assert behind["IntegrationUri"] == {"Ref": "CreateAlias"}
    assert (behind["PayloadFormatVersion"], behind["TimeoutInMillis"]) == ("2.0", 30_000)


def test_only_this_api_may_call() -> None:
    permission = one(made(function("create", "GET /", "GET /a")), "AWS::Lambda::Permission")

    source = ["arn:aws:execute-api:us-east-1:222222222222:", {"Ref": "HttpApi"}, "/*/*"]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "CreateAlias"},
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": {"Fn::Join": ["", source]},
    }


def test_a_route_that_moves_stays_the_same_resource() -> None:
    """API Gateway has no two routes with one key, and CloudFormation makes the new one first."""
    before = routes_of(made(function("create", "GET /orders/{id}")))
    after = routes_of(made(function("other", "GET /orders/{number}")))

    assert before["GET /orders/{id}"][0] == after["GET /orders/{number}"][0]


@given(st.lists(st.sampled_from(["GET /a", "POST /a", "GET /{x}", "ANY /{x+}", "$default"]), unique=True, min_size=1))
def test_other_routes_and_their_order_decide_nothing_about_a_route(keys: list[str]) -> None:
    together = routes_of(made(function("create", *keys)))

    for key in keys:
        assert together[key] == routes_of(made(function("create", key)))[key]


def test_environments_do_not_share_a_name() -> None:
    here = project(function("create", "GET /"), http_api=HttpApi())
    there = attrs.evolve(here, settings={"sandbox-feature": here.settings["sandbox"]})
    of_branch = attrs.evolve(SANDBOX, name="sandbox-feature")
    names = [
        json.loads(render(each, place, bucket=BUCKET, source=SOURCE, layer=None))["Resources"]["HttpApi"]["Properties"]
        for each, place in ((here, SANDBOX), (there, of_branch))
    ]

    assert [each["Name"] for each in names] == ["orders-sandbox-http-api", "orders-sandbox-feature-http-api"]


def test_the_stage_deploys_and_logs() -> None:
    found = made(function("create", "GET /"))

    stage = one(found, "AWS::ApiGatewayV2::Stage")
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert "DefaultRouteSettings" not in stage
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["HttpApiAccessLog", "Arn"]}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["requestId"] == "$context.requestId"  # API Gateway refuses a format without it
    log = found["Resources"]["HttpApiAccessLog"]
    assert log["Properties"] == {"LogGroupName": "/aws/vendedlogs/orders-sandbox-http-api", "RetentionInDays": 30}
    assert log["DeletionPolicy"] == "RetainExceptOnCreate"


def test_a_log_can_be_kept_for_ever_or_left_out() -> None:
    kept = made(function("create", "GET /"), api=HttpApi(log_retention_days=0))
    none = made(function("create", "GET /"), api=HttpApi(log_retention_days=None))

    assert "RetentionInDays" not in kept["Resources"]["HttpApiAccessLog"]["Properties"]
    assert "HttpApiAccessLog" not in none["Resources"]
    assert "AccessLogSettings" not in one(none, "AWS::ApiGatewayV2::Stage")


def test_a_named_stage_is_in_the_url() -> None:
    found = made(function("create", "GET /"), api=HttpApi(stage="v1", rate=5, burst=7))

    host = ["https://", {"Ref": "HttpApi"}, ".execute-api.us-east-1.amazonaws.com/v1"]
    assert found["Outputs"]["HttpApiEndpoint"] == {"Value": {"Fn::Join": ["", host]}}
    limits = one(found, "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]
    assert limits == {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 7}


def test_who_may_call_stands_at_the_route() -> None:
    api = HttpApi(authorizers=(TOKENS, LambdaAuthorizer(key="own", function="create")))
    kinds = {
        who: one(made(function("create", "GET /", authorizer=who), api=api), "AWS::ApiGatewayV2::Route")
        for who in ("none", "iam", "customers", "own")
    }

    assert {who: body["AuthorizationType"] for who, body in kinds.items()} == {
        "none": "NONE",
        "iam": "AWS_IAM",
        "customers": "JWT",
        "own": "CUSTOM",
    }
    assert kinds["customers"]["AuthorizerId"] == {"Ref": "HttpApiAuthorizerCustomers"}
    assert "AuthorizerId" not in kinds["iam"]


def test_both_forms_of_one_function_are_two_integrations() -> None:
    both: tuple[Event, ...] = (
        HttpRoute(route=read_route("GET /a"), payload="1.0"),
        HttpRoute(route=read_route("GET /b"), payload="2.0"),
    )
    found = made(Function(key="create", handler="orders.create.handler", events=both))

    behind = of_type(found, "AWS::ApiGatewayV2::Integration")
    assert {name: body["PayloadFormatVersion"] for name, body in behind.items()} == {
        "CreateHttpApiIntegration1": "1.0",
        "CreateHttpApiIntegration": "2.0",
    }


def test_a_function_called_like_the_api_is_something_else() -> None:
    found = made(function("http-api", "GET /"))

    assert {"HttpApiLogs", "HttpApiAccessLog", "HttpApiFunction", "HttpApi"} <= found["Resources"].keys()


def test_an_open_route_is_a_right_of_everybody_and_a_closed_one_is_none() -> None:
    def rights(who: str) -> list[str]:
        written = text(project(function("create", "GET /orders/{id}", authorizer=who), http_api=API))
        return [str(right) for right in rights_of(written, SANDBOX) if right.kind == "public"]

    assert rights("none") == ["anyone may call GET /orders/{id} (HttpApiRoute6c8c0db2)"]
    assert rights("iam") == rights("customers") == rights("partners") == []


def test_opening_a_route_is_asked_about_and_another_open_one_too() -> None:
    def written(**routes: str) -> str:
        events = tuple(HttpRoute(route=read_route(f"GET /{key}"), authorizer=who) for key, who in routes.items())
        return text(project(Function(key="create", handler="orders.create.handler", events=events), http_api=API))

    def asked(before: str, after: str) -> bool:
        return bool(rights_question("orders", rights_changes(before, after, SANDBOX)))

    closed, half, opened = written(a="iam", b="iam"), written(a="none", b="iam"), written(a="none", b="none")
    assert asked(closed, half)
    assert asked(half, opened)
    assert not asked(opened, closed)
    assert not asked(half, half)
