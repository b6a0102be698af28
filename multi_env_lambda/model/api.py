"""Reads the routes of functions and the unit's API, and compares them with each other.

Sources: quotas https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html; of authorizers
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

import attrs

from multi_env_lambda.model.any_api import (
    check_authorizer,
    read_authorizers,
    read_deciding_function,
    read_retention,
    read_scopes,
    read_throttling,
    routes_of,
)
from multi_env_lambda.model.api_settings import (
    ApiAuthorizer,
    HttpApi,
    HttpRoute,
    JwtAuthorizer,
    LambdaAuthorizer,
)
from multi_env_lambda.model.cors import read_cors
from multi_env_lambda.model.keys.api import AUTHORIZER, HTTP_API, MOST_AUDIENCES
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.route import ambiguous, problem_with_route, read_route
from multi_env_lambda.model.settings import Function

__all__ = ["read_http_api", "read_http_route"]

_MOST_ROUTES = 300


# --- a route ---
def read_http_route(table: Table, function: str, timeout: int) -> HttpRoute:
    """An event of a function; its authorizer is the API's where it names none."""
    table.allow()
    text = table.text("http", hint='write the route: `http = "GET /orders/{id}"`')
    if (problem := problem_with_route(text)) is not None:
        what, hint = problem
        table.refuse("http", f'found "{text}"; {what}', hint=hint)
    scopes = read_scopes(table)
    return HttpRoute(
        route=read_route(text),
        authorizer=table.text_or("authorizer"),
        scopes=scopes,
        payload=table.choice("payload") if "payload" in table.values else "",
    )


# --- the API ---
def read_http_api(table: Table, functions: tuple[Function, ...]) -> tuple[HttpApi | None, tuple[Function, ...]]:
    """The API of a unit in one environment, and the functions with what it says about their routes.

    ``table`` is that of the unit; the API's own is ``http_api`` below it. There is no API without a route.
    """
    inner = table.table("http_api").of(HTTP_API)
    found = list(routes_of(functions, HttpRoute))
    if not found:
        if inner.values:
            hint = 'add `events = [{ http = "GET /orders/{id}" }]` to a function, or remove this table'
            table.refuse("http_api", "no function has a route of this API", hint=hint)
        return None, functions
    inner.allow()
    authorizers = read_authorizers(inner, functions, _authorizer)
    for_all = inner.text_or("authorizer")
    check_authorizer(inner, for_all, authorizers, api="http_api")
    payload = inner.choice("payload")
    complete = tuple(_complete(function, for_all, payload) for function in functions)
    _check_routes(table, complete, authorizers)
    rate, burst = read_throttling(inner)
    api = HttpApi(
        stage=inner.named_or("stage"),
        cors=read_cors(inner.table("cors")) if inner.has("cors") else None,
        authorizers=authorizers,
        rate=rate,
        burst=burst,
        log_retention_days=read_retention(inner),
    )
    return api, complete


def _complete(function: Function, authorizer: str, payload: str) -> Function:
    events = tuple(
        attrs.evolve(event, authorizer=event.authorizer or authorizer, payload=event.payload or payload)
        if isinstance(event, HttpRoute)
        else event
        for event in function.events
    )
    return attrs.evolve(function, events=events)


def _check_routes(table: Table, functions: tuple[Function, ...], authorizers: tuple[ApiAuthorizer, ...]) -> None:
    found = list(routes_of(functions, HttpRoute))
    if len(found) > _MOST_ROUTES:
        what = f"found {len(found)} routes; expected at most {_MOST_ROUTES}"
        table.refuse("functions", what, hint="one route can take many paths: `ANY /orders/{path+}`")
    if (pair := ambiguous([event.route for _, _, event in found])) is not None:
        one, other = (f"`{route.key}`" for route in pair)
        whose = dict.fromkeys(function.key for function, _, event in found if event.route in pair)
        what = f"{one} and {other} of {' and '.join(whose)} can match the same request"
        table.refuse("functions", what, hint="remove one of them, or make one the more exact one everywhere")
    tokens = {each.key for each in authorizers if isinstance(each, JwtAuthorizer)}
    for function, number, event in found:
        place = table.table("functions").table(function.key).tables("events")[number]
        check_authorizer(place, event.authorizer, authorizers, api="http_api")
        if event.scopes and event.authorizer not in tokens:
            hint = "name an authorizer with an issuer or a user pool, or remove the scopes"
            place.refuse("scopes", f'only tokens have scopes, and the authorizer is "{event.authorizer}"', hint=hint)


# --- authorizers ---
def _authorizer(table: Table, key: str, functions: tuple[Function, ...]) -> ApiAuthorizer:
    kinds = [kind for kind in ("issuer", "user_pool", "function") if kind in table.values]
    match kinds:
        case ["issuer"]:
            table.of(AUTHORIZER.only("issuer", "audience")).allow()
            return _tokens(table, key, table.named("issuer"), "audience")
        case ["user_pool"]:
            table.of(AUTHORIZER.only("user_pool", "clients")).allow()
            arn = table.named("user_pool")
            issuer = f"https://cognito-idp.{arn.split(':')[3]}.amazonaws.com/{arn.rpartition('/')[2]}"
            return _tokens(table, key, issuer, "clients")
        case ["function"]:
            return _of_function(table, key, functions)
        case _:
            found = " and ".join(f"`{kind}`" for kind in kinds) or "none of them"
            hint = "tokens have an `issuer` or come from a `user_pool`; a `function` decides by its own rules"
            table.refuse("", f"found {found}; expected one of `issuer`, `user_pool` and `function`", hint=hint)


def _tokens(table: Table, key: str, issuer: str, whom: str) -> JwtAuthorizer:
    """Without an audience every application's tokens would be taken, so at least one is asked for."""
    table.require(whom, hint=f"add `{whom} = [ … ]`: for whom the tokens are made, else those of others are taken too")
    audience = table.texts(whom)
    if len(audience) > MOST_AUDIENCES:
        what = f"found {len(audience)} entries; expected at most {MOST_AUDIENCES}"
        table.refuse(whom, what, hint="use a second authorizer")
    return JwtAuthorizer(key=key, issuer=issuer, audience=audience)


def _of_function(table: Table, key: str, functions: tuple[Function, ...]) -> LambdaAuthorizer:
    table.of(AUTHORIZER.only("function", "headers", "cache_seconds")).allow()
    name = read_deciding_function(table, functions)
    headers = table.texts("headers")
    cache = table.number("cache_seconds")
    if cache and not headers:
        hint = "name the headers that distinguish the callers"
        table.refuse("cache_seconds", f"found {cache} without headers; expected 0", hint=hint)
    return LambdaAuthorizer(
        key=key, function=name, headers=tuple(header.lower() for header in headers), cache_seconds=cache
    )
