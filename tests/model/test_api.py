"""The table of a unit's HTTP API, and what of it and its routes is refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.api_settings import Cors, HttpApi, HttpRoute, JwtAuthorizer, LambdaAuthorizer
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.route import Route
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.testing.local_cloud import sample_config

POOL = "arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_AbC123"
TOKENS: dict[str, Any] = {"customers": {"issuer": "https://login.example.com/", "audience": ["shop"]}}


def read(*routes: Any, more: dict[str, Any] | None = None, **api: Any) -> Settings:
    """``routes`` of the function `main`; ``more`` are further functions."""
    events = [{"http": route} if isinstance(route, str) else route for route in routes]
    table: dict[str, Any] = {
        "functions": {"main": {"handler": "orders.main.handler", "events": events}, **(more or {})}
    }
    if api:
        table["http_api"] = api
    config = sample_config()
    project = read_project(
        {"project": {"name": "orders", "version": "0.1.0"}, "tool": {"multi_env_lambda": table}},
        folder="projects/orders",
        where="pyproject.toml",
        environments=config.environments,
        devops=config.devops,
    )
    return project.settings["sandbox"]


def refusal(*routes: Any, more: dict[str, Any] | None = None, **api: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(*routes, more=more, **api)
    return str(caught.value)


def route_of(found: Settings) -> HttpRoute:
    (event,) = found.functions[0].events
    assert isinstance(event, HttpRoute)
    return event


def test_a_route_alone_is_an_api() -> None:
    found = read("GET /orders/{id}")

    assert found.http_api == HttpApi(stage="$default", log_retention_days=30)
    assert route_of(found) == HttpRoute(route=Route("GET", "/orders/{id}"), authorizer="none", payload="2.0")


def test_there_is_no_api_without_a_route() -> None:
    assert read().http_api is None
    assert "no function has a route of this API" in refusal(stage="v1")


def test_everything_in_the_table() -> None:
    found = read(
        {"http": {"route": "GET /", "payload": "1.0"}},
        stage="v1",
        cors={"allow_origins": ["https://shop.example"]},
        authorizers={
            **TOKENS,
            "members": {"user_pool": POOL, "clients": ["abc"]},
            "partners": {"function": "main", "headers": ["X-Key"], "cache_seconds": 60},
        },
        authorizer="customers",
        throttling={"rate": 50, "burst": 100},
        access_log={"retention_days": 7},
    )

    issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC123"
    assert found.http_api == HttpApi(
        stage="v1",
        cors=Cors(allow_origins=("https://shop.example",)),
        authorizers=(
            JwtAuthorizer(key="customers", issuer="https://login.example.com/", audience=("shop",)),
            JwtAuthorizer(key="members", issuer=issuer, audience=("abc",)),
            LambdaAuthorizer(key="partners", function="main", headers=("x-key",), cache_seconds=60),
        ),
        rate=50,
        burst=100,
        log_retention_days=7,
    )
    assert (route_of(found).authorizer, route_of(found).payload) == ("customers", "1.0")


def test_what_the_api_says_holds_unless_a_route_says_otherwise() -> None:
    closed = {"authorizer": "customers", "authorizers": TOKENS, "payload": "1.0"}

    assert route_of(read("GET /", **closed)).authorizer == "customers"
    assert route_of(read("GET /", **closed)).payload == "1.0"
    assert route_of(read({"http": "GET /", "authorizer": "none", "payload": "2.0"}, **closed)) == HttpRoute(
        route=Route("GET", "/"), authorizer="none", payload="2.0"
    )


def test_burst_is_the_rate_unless_it_is_said() -> None:
    assert (api := read("GET /", throttling={"rate": 7}).http_api) is not None
    assert (api.rate, api.burst) == (7, 7)
    assert (api := read("GET /", throttling={"rate": 10_000}).http_api) is not None
    assert api.burst == 5_000


OTHER = {"other": {"handler": "orders.other.handler", "events": [{"http": "GET /{b}"}]}}


@pytest.mark.parametrize(
    ("routes", "api", "what"),
    [
        (["get /"], {}, 'found "get /"; a route is a method in upper case'),
        ([{"http": True}], {}, "http: found true; expected text"),
        ([{"http": "GET /", "name": "x"}], {}, "unknown key `name`"),
        (["GET /{a}/b", "GET /a/{b}"], {}, "`GET /{a}/b` and `GET /a/{b}` of main can match the same request"),
        ([{"http": "GET /", "authorizer": "customer"}], {"authorizers": TOKENS}, "did you mean `customers`?"),
        (["GET /"], {"authorizer": "customer", "authorizers": TOKENS}, 'there is no authorizer "customer"'),
        ([{"http": "GET /", "scopes": ["a"]}], {}, "only tokens have scopes"),
        ([{"http": "GET /", "scopes": ["a"], "authorizer": "iam"}], {}, "only tokens have scopes"),
        ([{"http": "GET /", "scopes": [str(n) for n in range(11)]}], {}, "found 11 scopes"),
        ([{"http": "GET /", "payload": "3.0"}], {}, 'payload: found "3.0"'),
        (["GET /"], {"stage": "a/b"}, "letters, digits, `_` and `-`"),
        (["GET /"], {"throttling": {"burst": 1}}, "`rate` is missing"),
        (["GET /"], {"throttling": {"rate": 0}}, "from 1 to 10000"),
        (["GET /"], {"access_log": {"retention_days": 2}}, "retention_days"),
        (["GET /"], {"authorizers": {"iam": {"function": "main"}}}, "found the name `iam`"),
        (["GET /"], {"authorizers": {"a": {}}}, "expected one of `issuer`, `user_pool` and `function`"),
        (["GET /"], {"authorizers": {"a": {"function": "main", "issuer": "https://a"}}}, "`issuer` and `function`"),
        (["GET /"], {"authorizers": {"a": {"function": "mian"}}}, "did you mean `main`?"),
        (["GET /"], {"authorizers": {"a": {"issuer": "http://a", "audience": ["b"]}}}, "starts with https://"),
        (["GET /"], {"authorizers": {"a": {"issuer": "https://a"}}}, "`audience` is missing"),
        (["GET /"], {"authorizers": {"a": {"issuer": "https://a", "audience": []}}}, "expected 1 or more"),
        (["GET /"], {"authorizers": {"a": {"user_pool": "us-east-1_A", "clients": ["b"]}}}, "the ARN of a user pool"),
        (["GET /"], {"authorizers": {"a": {"user_pool": POOL}}}, "`clients` is missing"),
        (
            ["GET /"],
            {"authorizers": {"a": {"function": "main", "headers": [], "cache_seconds": 1}}},
            "cache_seconds: found 1 without headers",
        ),
        (["GET /"], {"cors": {"allow_origins": ["*"], "allow_credentials": True}}, "allow_credentials"),
        (["GET /"], {"authorizers": {f"a{n}": {"function": "main"} for n in range(11)}}, "found 11 authorizers"),
    ],
)
def test_what_is_refused(routes: list[Any], api: dict[str, Any], what: str) -> None:
    assert what in refusal(*routes, **api)


def test_routes_of_several_functions_are_compared() -> None:
    text = refusal("GET /{a}", more=OTHER)

    assert "`GET /{a}` and `GET /{b}` of main and other can match the same request" in text


def test_an_api_has_300_routes_at_most() -> None:
    routes = [f"GET /{number}" for number in range(301)]

    assert len(read(*routes[:300]).functions[0].events) == 300
    assert "found 301 routes; expected at most 300" in refusal(*routes)


def test_a_refusal_names_the_event() -> None:
    text = refusal("GET /", {"http": "GET /a", "authorizer": "nobody"})

    assert "functions.main.events[1]] authorizer: there is no authorizer" in text
