"""Reads the routes of functions and the unit's REST API, and compares them with each other.

Sources: quotas https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html;
of authorizers https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
"""

from __future__ import annotations

import re

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
from multi_env_lambda.model.api_settings import Cors
from multi_env_lambda.model.keys.rest_api import REST_API, REST_AUTHORIZER
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.rest_route import collision, problem_with_rest_route
from multi_env_lambda.model.rest_settings import (
    PoolAuthorizer,
    RequestAuthorizer,
    RestApi,
    RestAuthorizer,
    RestRoute,
    TokenAuthorizer,
    UsagePlan,
)
from multi_env_lambda.model.route import read_route
from multi_env_lambda.model.settings import Function

__all__ = ["read_rest_api", "read_rest_route"]

_MOST_PARTS = 300


# --- a route ---
def read_rest_route(table: Table, function: str, timeout: int) -> RestRoute:
    """An event of a function; its authorizer is the API's where it names none."""
    table.allow()
    text = table.text("rest", hint='write the route: `rest = "GET /orders/{id}"`')
    if (problem := problem_with_rest_route(text)) is not None:
        what, hint = problem
        table.refuse("rest", f'found "{text}"; {what}', hint=hint)
    scopes = read_scopes(table)
    return RestRoute(
        route=read_route(text),
        authorizer=table.text_or("authorizer"),
        scopes=scopes,
        api_key=table.flag("api_key", default=False) if "api_key" in table.values else None,
    )


# --- the API ---
def read_rest_api(table: Table, functions: tuple[Function, ...]) -> tuple[RestApi | None, tuple[Function, ...]]:
    """The REST API of a unit in one environment, and the functions with what it says about their routes.

    ``table`` is that of the unit; the API's own is ``rest_api`` below it. There is no API without a route.
    """
    inner = table.table("rest_api").of(REST_API)
    found = list(routes_of(functions, RestRoute))
    if not found:
        if inner.values:
            hint = 'add `events = [{ rest = "GET /orders/{id}" }]` to a function, or remove this table'
            table.refuse("rest_api", "no function has a route of this API", hint=hint)
        return None, functions
    inner.allow()
    authorizers = read_authorizers(inner, functions, _authorizer)
    for_all, with_key = inner.text_or("authorizer"), inner.flag("api_key")
    check_authorizer(inner, for_all, authorizers, api="rest_api")
    complete = tuple(_complete(function, for_all, with_key) for function in functions)
    plan = _usage_plan(inner.table("usage_plan")) if inner.has("usage_plan") else None
    _check_routes(table, complete, authorizers, plan)
    rate, burst = read_throttling(inner)
    api = RestApi(
        stage=inner.named_or("stage"),
        endpoint=inner.choice("endpoint"),
        cors=_cors(inner.table("cors")) if inner.has("cors") else None,
        authorizers=authorizers,
        usage_plan=plan,
        binary_types=inner.texts("binary_types"),
        rate=rate,
        burst=burst,
        log_retention_days=_log(inner),
    )
    return api, complete


def _complete(function: Function, authorizer: str, api_key: bool) -> Function:
    events = tuple(
        attrs.evolve(
            event,
            authorizer=event.authorizer or authorizer,
            api_key=api_key if event.api_key is None else event.api_key,
        )
        if isinstance(event, RestRoute)
        else event
        for event in function.events
    )
    return attrs.evolve(function, events=events)


def _check_routes(
    table: Table, functions: tuple[Function, ...], authorizers: tuple[RestAuthorizer, ...], plan: UsagePlan | None
) -> None:
    found = list(routes_of(functions, RestRoute))
    parts = {event.route.segments[:end] for _, _, event in found for end in range(1, len(event.route.segments) + 1)}
    if len(parts) > _MOST_PARTS:
        what = f"found {len(parts)} parts of paths; expected at most {_MOST_PARTS}"
        table.refuse("functions", what, hint="one route can take many paths: `ANY /orders/{path+}`")
    if (met := collision(event.route for _, _, event in found)) is not None:
        one, other, why = met
        whose = dict.fromkeys(function.key for function, _, event in found if event.route in (one, other))
        what = f"`{one.key}` and `{other.key}` of {' and '.join(whose)} cannot be in one REST API: {why}"
        table.refuse("functions", what, hint="use the same name for the variable, or remove one of them")
    pools = {each.key for each in authorizers if isinstance(each, PoolAuthorizer)}
    for function, number, event in found:
        place = table.table("functions").table(function.key).tables("events")[number]
        check_authorizer(place, event.authorizer, authorizers, api="rest_api")
        if event.scopes and event.authorizer not in pools:
            hint = "name an authorizer with user pools, or remove the scopes"
            place.refuse("scopes", f'only tokens have scopes, and the authorizer is "{event.authorizer}"', hint=hint)
        if event.api_key and plan is None:
            hint = 'add `usage_plan = { keys = ["partners"] }` to [tool.multi_env_lambda.rest_api]'
            place.refuse("api_key", f"`{event.route.key}` needs an API key, and there is none", hint=hint)


def _cors(table: Table) -> Cors:
    """An answer that API Gateway gives by itself names one website, or all of them."""
    table.allow()
    table.require("allow_origins")
    origins = table.texts("allow_origins")
    if len(origins) > 1:
        hint = "answer `OPTIONS` in a function of your own, or use the HTTP API, which takes a list"
        table.refuse("allow_origins", f"found {len(origins)} origins; a REST API can name only one", hint=hint)
    credentials = table.flag("allow_credentials")
    if credentials and "*" in origins:
        hint = "browsers refuse credentials with a wildcard origin; name the origin"
        table.refuse("allow_credentials", 'found true with `allow_origins = ["*"]`; expected false', hint=hint)
    return Cors(
        allow_origins=origins,
        allow_methods=table.texts("allow_methods"),
        allow_headers=table.texts("allow_headers"),
        allow_credentials=credentials,
        max_age=table.number("max_age"),
    )


def _usage_plan(table: Table) -> UsagePlan:
    table.allow()
    table.require("keys", hint='add `keys = ["partners"]`: what each API key is called')
    keys = table.texts("keys")
    plain = [key.replace("-", "").replace("_", "").lower() for key in keys]
    if len(set(plain)) < len(plain):
        table.refuse("keys", "two of them are the same name in a template", hint="names differ in letters or digits")
    rate = table.optional_number("rate")
    if rate is None and table.has("burst"):
        table.refuse("burst", "found `burst` without `rate`", hint="add `rate = …`, the requests per second")
    return UsagePlan(
        keys=keys,
        rate=rate,
        burst=table.number("burst", default=min(rate, 5_000)) if rate is not None else None,
        quota=table.optional_number("quota"),
        period=table.choice("period"),
    )


def _log(table: Table) -> int | None:
    """Without one as long as nobody asks for it: an account has to be prepared for it."""
    if table.values.get("access_log") is True:
        return read_retention(attrs.evolve(table, values={}))
    return read_retention(table) if table.has("access_log") else None


# --- authorizers ---
def _authorizer(table: Table, key: str, functions: tuple[Function, ...]) -> RestAuthorizer:
    kinds = [kind for kind in ("user_pools", "function") if kind in table.values]
    match kinds:
        case ["user_pools"]:
            table.of(REST_AUTHORIZER.only("user_pools", "headers")).allow()
            return PoolAuthorizer(key=key, user_pools=table.texts("user_pools"), header=_one_header(table))
        case ["function"]:
            function = read_deciding_function(table, functions)
            read = _of_request if table.choice("decides_by") == "request" else _of_token
            return read(table, key, function)
        case _:
            found = " and ".join(f"`{kind}`" for kind in kinds) or "none of them"
            hint = "tokens come from `user_pools`; a `function` decides by its own rules"
            table.refuse("", f"found {found}; expected one of `user_pools` and `function`", hint=hint)


def _of_token(table: Table, key: str, function: str) -> TokenAuthorizer:
    table.of(REST_AUTHORIZER.without("user_pools", "query")).allow(
        elsewhere={"query": 'a token is in a header; with `decides_by = "request"` the function gets the whole request'}
    )
    pattern = table.text_or("pattern", "")
    try:
        re.compile(pattern)
    except re.error:
        table.wrong("pattern", allowed="a regular expression", hint='for example `pattern = "Bearer .+"`')
    return TokenAuthorizer(
        key=key,
        function=function,
        header=_one_header(table),
        pattern=pattern,
        cache_seconds=table.number("cache_seconds"),
    )


def _of_request(table: Table, key: str, function: str) -> RequestAuthorizer:
    table.of(REST_AUTHORIZER.without("user_pools", "pattern")).allow(
        elsewhere={"pattern": 'only a token has a pattern; it needs `decides_by = "token"`'}
    )
    query = table.texts("query")
    headers = table.texts("headers") if "headers" in table.values or not query else ()
    cache = table.number("cache_seconds")
    if cache and not (headers or query):
        hint = "name the headers that distinguish the callers"
        table.refuse("cache_seconds", f"found {cache} without headers; expected 0", hint=hint)
    return RequestAuthorizer(key=key, function=function, headers=headers, query=query, cache_seconds=cache)


def _one_header(table: Table) -> str:
    headers = table.texts("headers")
    if len(headers) != 1:
        hint = 'write `headers = ["Authorization"]`; with `decides_by = "request"` there can be several'
        table.refuse("headers", f"found {len(headers)} headers; a token is in one", hint=hint)
    return headers[0]
