"""Routes of the REST API and its table: what is read, and what is refused before API Gateway would refuse it."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.rest_route import collision, problem_with_rest_route
from multi_env_lambda.model.rest_settings import (
    PoolAuthorizer,
    RequestAuthorizer,
    RestApi,
    RestRoute,
    TokenAuthorizer,
    UsagePlan,
)
from multi_env_lambda.model.route import Route, read_route
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.model.unit_settings import read_settings

POOL = "arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_AbCdEfGhI"
OTHER = {"other": {"handler": "orders.other.handler", "events": [{"rest": "POST /{b}/c"}]}}


def read(*routes: Any, more: dict[str, Any] | None = None, **api: Any) -> Settings:
    events = [{"rest": route} if isinstance(route, str) else route for route in routes]
    functions = {"main": {"handler": "orders.main.handler", "events": events}, **(more or {})}
    values = {"functions": functions, **({"rest_api": api} if api else {})}
    return read_settings(Table(where="pyproject.toml", path="tool.multi_env_lambda", values=values), "python3.13")


def refusal(*routes: Any, more: dict[str, Any] | None = None, **api: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(*routes, more=more, **api)
    return str(caught.value)


def event_of(found: Settings) -> RestRoute:
    event = found.functions[0].events[0]
    assert isinstance(event, RestRoute)
    return event


def test_a_route_alone_makes_an_api_with_safe_settings() -> None:
    found = read("GET /orders/{id}")

    assert found.rest_api == RestApi(stage="live", endpoint="regional", log_retention_days=None)
    assert found.http_api is None
    assert event_of(found) == RestRoute(route=Route("GET", "/orders/{id}"), authorizer="none", api_key=False)


def test_without_a_route_there_is_no_api() -> None:
    assert read().rest_api is None
    assert "no function has a route of this API" in refusal(stage="v1")


def test_a_unit_can_have_both_kinds() -> None:
    found = read("GET /", {"http": "GET /"})

    assert found.rest_api is not None and found.http_api is not None


def test_everything_that_the_table_says_is_read() -> None:
    found = read(
        {"rest": "GET /", "api_key": True},
        stage="v1",
        endpoint="edge",
        cors={"allow_origins": ["https://shop.example"], "allow_credentials": True, "max_age": 5},
        authorizers={
            "members": {"user_pools": [POOL]},
            "partners": {"function": "main", "decides_by": "request", "query": ["key"], "cache_seconds": 60},
            "robots": {"function": "main", "headers": ["X-Robot"], "pattern": "robot .+"},
        },
        usage_plan={"keys": ["acme"], "rate": 5, "quota": 100, "period": "day"},
        binary_types=["image/*"],
        throttling={"rate": 10},
        access_log={"retention_days": 90},
    )

    assert found.rest_api == RestApi(
        stage="v1",
        endpoint="edge",
        cors=Cors(allow_origins=("https://shop.example",), allow_credentials=True, max_age=5),
        authorizers=(
            PoolAuthorizer(key="members", user_pools=(POOL,), header="Authorization"),
            RequestAuthorizer(key="partners", function="main", headers=(), query=("key",), cache_seconds=60),
            TokenAuthorizer(key="robots", function="main", header="X-Robot", pattern="robot .+"),
        ),
        usage_plan=UsagePlan(keys=("acme",), rate=5, burst=5, quota=100, period="day"),
        binary_types=("image/*",),
        rate=10,
        burst=10,
        log_retention_days=90,
    )


def test_the_api_closes_the_routes_that_do_not_say_otherwise() -> None:
    closed = {"authorizer": "iam", "api_key": True, "usage_plan": {"keys": ["acme"]}}
    opened = {"rest": "GET /", "authorizer": "none", "api_key": False}

    assert event_of(read("GET /", **closed)) == RestRoute(route=Route("GET", "/"), authorizer="iam", api_key=True)
    assert event_of(read(opened, **closed)) == RestRoute(route=Route("GET", "/"), authorizer="none", api_key=False)


def test_a_function_that_gets_the_request_is_told_apart_by_the_header_where_nothing_is_said() -> None:
    api = read("GET /", authorizers={"a": {"function": "main", "decides_by": "request"}}).rest_api

    assert api is not None
    assert api.authorizers == (RequestAuthorizer(key="a", function="main", headers=("Authorization",)),)


@pytest.mark.parametrize(("said", "days"), [(True, 30), (False, None), ({}, 30), ({"retention_days": 0}, 0)])
def test_the_access_log_is_off_until_somebody_asks_for_it(said: object, days: int | None) -> None:
    api = read("GET /", access_log=said).rest_api

    assert api is not None and api.log_retention_days == days


@pytest.mark.parametrize(
    ("route", "what"),
    [
        ("$default", "no such route"),
        ("GET /orders/", "ends with `/`"),
        ("GET /a~b", "more than letters, digits"),
        ("GET /a@b", "more than letters, digits"),
        ("get /orders", "upper case"),
        ("GET /orders/{id}.json", "whole part of a path"),
        ("GET /{path+}/more", "nothing can follow it"),
    ],
)
def test_a_route_that_a_rest_api_does_not_take(route: str, what: str) -> None:
    problem = problem_with_rest_route(route)

    assert problem is not None and what in problem[0]
    assert what in refusal(route)


@pytest.mark.parametrize("route", ["GET /", "ANY /{path+}", "POST /a/{b}/c", "GET /a.b_c:d-e", "OPTIONS /{a.b}"])
def test_a_route_that_a_rest_api_takes(route: str) -> None:
    assert problem_with_rest_route(route) is None


@pytest.mark.parametrize(
    ("routes", "why"),
    [
        (["GET /{a}", "GET /{b}"], "below `/` one says `{a}` and the other `{b}`"),
        (["GET /o/{a}", "POST /o/{b}/c"], "below `/o` one says `{a}` and the other `{b}`"),
        (["GET /o/{a}", "GET /o/{a+}"], "below `/o` one says `{a}` and the other `{a+}`"),
        (["GET /{a}/x/{b}", "GET /{a}/x/{c}"], "below `/{a}/x` one says `{b}` and the other `{c}`"),
        (["GET /a", "GET /a"], "they are the same"),
    ],
)
def test_what_one_tree_of_paths_does_not_take_together(routes: list[str], why: str) -> None:
    found = collision(map(read_route, routes))

    assert found is not None and found[2] == why


@pytest.mark.parametrize(
    "routes",
    [
        ["GET /a", "POST /a", "ANY /a"],
        ["GET /{a}", "GET /{a}/b", "GET /b/{c}", "GET /b"],
        ["GET /x/{a}", "GET /y/{b}"],
        ["ANY /", "ANY /{path+}"],
    ],
)
def test_what_it_takes_together(routes: list[str]) -> None:
    assert collision(map(read_route, routes)) is None


def test_routes_of_several_functions_are_compared() -> None:
    text = refusal("GET /{a}", more=OTHER)

    assert "`GET /{a}` and `POST /{b}/c` of main and other cannot be in one REST API" in text
    assert "use the same name for the variable" in text


def test_a_refusal_names_the_event() -> None:
    text = refusal("GET /", {"rest": "GET /a", "authorizer": "nobody"})

    assert "functions.main.events[1]] authorizer: there is no authorizer" in text


@pytest.mark.parametrize(
    ("routes", "api", "what"),
    [
        ([{"rest": True}], {}, "rest: found true; expected text"),
        ([{"rest": "GET /", "payload": "1.0"}], {}, "unknown key `payload`"),
        ([{"rest": "GET /", "api_key": "yes"}], {}, "expected true or false"),
        ([{"rest": "GET /", "api_key": True}], {}, "`GET /` needs an API key, and there is none"),
        (["GET /"], {"api_key": True}, "`GET /` needs an API key, and there is none"),
        ([{"rest": "GET /", "scopes": ["a"]}], {}, "only tokens have scopes"),
        ([{"rest": "GET /", "scopes": [str(n) for n in range(11)]}], {}, "found 11 scopes"),
        (["GET /"], {"authorizer": "customer", "authorizers": {"customers": {"user_pools": [POOL]}}}, "customers"),
        (["GET /"], {"stage": "$default"}, "letters, digits, `_` and `-`"),
        (["GET /"], {"endpoint": "private"}, '"regional" or "edge"'),
        (["GET /"], {"binary_types": ["png"]}, "expected a media type"),
        (["GET /"], {"throttling": {"burst": 1}}, "`rate` is missing"),
        (["GET /"], {"access_log": {"retention_days": 2}}, "retention_days"),
        (["GET /"], {"access_log": 30}, "expected a table"),
        (["GET /"], {"cors": {"allow_origins": ["https://a", "https://b"]}}, "a REST API can name only one"),
        (["GET /"], {"cors": {"allow_origins": ["*"], "allow_credentials": True}}, "allow_credentials"),
        (["GET /"], {"cors": {"allow_origins": ["*"], "expose_headers": ["etag"]}}, "unknown key `expose_headers`"),
        (["GET /"], {"cors": {"allow_origins": ["https://a' + '"]}}, 'expected "*" or an origin'),
        (["GET /"], {"cors": {"allow_origins": ["https://a/b"]}}, 'expected "*" or an origin'),
        (["GET /"], {"cors": {"allow_origins": ["*"], "allow_headers": ["a'b"]}}, "the name of a header"),
        (["GET /"], {"authorizers": {"a": {"function": "main", "headers": ["a,b"]}}}, "letters, digits and"),
        (
            ["GET /"],
            {"authorizers": {"a": {"function": "main", "decides_by": "request", "query": ["a,b"]}}},
            "letters, digits and",
        ),
        (["GET /"], {"usage_plan": {}}, "`keys` is missing"),
        (["GET /"], {"usage_plan": {"keys": []}}, "expected 1 or more"),
        (["GET /"], {"usage_plan": {"keys": ["a-b", "a_b"]}}, "the same name in a template"),
        (["GET /"], {"usage_plan": {"keys": ["a"], "burst": 1}}, "found `burst` without `rate`"),
        (["GET /"], {"usage_plan": {"keys": ["a"], "period": "year"}}, "period"),
        (["GET /"], {"authorizers": {"iam": {"function": "main"}}}, "found the name `iam`"),
        (["GET /"], {"authorizers": {"a": {}}}, "expected one of `user_pools` and `function`"),
        (["GET /"], {"authorizers": {"a": {"function": "main", "user_pools": [POOL]}}}, "`user_pools` and `function`"),
        (["GET /"], {"authorizers": {"a": {"function": "mian"}}}, "did you mean `main`?"),
        (["GET /"], {"authorizers": {"a": {"user_pools": ["us-east-1_A"]}}}, "the ARN of a user pool"),
        (["GET /"], {"authorizers": {"a": {"user_pools": []}}}, "expected 1 or more"),
        (["GET /"], {"authorizers": {"a": {"user_pools": [POOL], "headers": ["a", "b"]}}}, "a token is in one"),
        (["GET /"], {"authorizers": {"a": {"function": "main", "query": ["a"]}}}, "decides_by"),
        (["GET /"], {"authorizers": {"a": {"function": "main", "pattern": "("}}}, "a regular expression"),
        (
            ["GET /"],
            {"authorizers": {"a": {"function": "main", "decides_by": "request", "pattern": "a"}}},
            "only a token has a pattern",
        ),
        (
            ["GET /"],
            {"authorizers": {"a": {"function": "main", "decides_by": "request", "headers": [], "cache_seconds": 1}}},
            "cache_seconds: found 1 without headers",
        ),
        (["GET /"], {"authorizers": {f"a{n}": {"function": "main"} for n in range(11)}}, "found 11 authorizers"),
        ([f"GET /{number}" for number in range(301)], {}, "found 301 parts of paths; expected at most 300"),
    ],
)
def test_what_is_refused(routes: list[Any], api: dict[str, Any], what: str) -> None:
    assert what in refusal(*routes, **api)
