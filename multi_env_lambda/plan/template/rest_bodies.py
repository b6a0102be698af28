"""The REST API of a unit as an OpenAPI document: its routes, who may call them, and what API Gateway answers by itself.

With a document CloudFormation changes an API as a whole, before the deployment of it is made. Resources and methods of
their own would be deleted only after it, so that a route which left the template would go on to be served.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html; of CORS
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import assert_never

from multi_env_lambda.model.any_api import routes_of
from multi_env_lambda.model.api_settings import IAM, OPEN, Cors
from multi_env_lambda.model.rest_settings import (
    PoolAuthorizer,
    RequestAuthorizer,
    RestApi,
    RestAuthorizer,
    RestRoute,
    TokenAuthorizer,
)
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.template.api_parts import address_of
from multi_env_lambda.plan.template.parts import Json, StackInput

__all__ = ["body_of"]

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_KEY = "api.key"
"""No authorizer can have this key."""

_ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def body_of(unit: StackInput, api: RestApi) -> Json:
    found = list(routes_of(unit.settings.functions, RestRoute))
    paths: dict[str, Json] = {}
    for function, _, event in found:
        method = _ANY if event.route.method == "ANY" else event.route.method.lower()
        paths.setdefault(event.route.path, {})[method] = _operation(unit, function, event)
    body: Json = {
        "openapi": "3.0.1",
        "info": {"title": unit.project.rest_api_name(unit.environment.name), "version": "1"},
        "paths": paths,
    }
    if api.cors is not None:
        for methods in paths.values():
            methods.setdefault("options", _preflight(api, api.cors, methods))
        body["x-amazon-apigateway-gateway-responses"] = _own_answers(api.cors)
    if api.binary_types:
        body["x-amazon-apigateway-binary-media-types"] = list(api.binary_types)
    schemes = dict(_schemes(unit, api, [event for _, _, event in found]))
    return {**body, "components": {"securitySchemes": schemes}} if schemes else body


# --- routes ---
def _operation(unit: StackInput, function: Function, event: RestRoute) -> Json:
    security: list[Json] = [] if event.authorizer == OPEN else [{event.authorizer: list(event.scopes)}]
    if event.api_key:
        security.append({_KEY: []})
    names = [part.strip("{}").removesuffix("+") for part in event.route.segments if part.startswith("{")]
    found: Json = {
        "responses": {},
        _INTEGRATION: {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": address_of(unit, function),
            "passthroughBehavior": "when_no_match",
        },
    }
    if security:
        found["security"] = security
    if names:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    return found


# --- browsers ---
def _preflight(api: RestApi, cors: Cors, methods: Mapping[str, object]) -> Json:
    """The answer to a browser that asks what it may send. No function is called.

    Where ``*/*`` is bytes, the request would be, too, and API Gateway would answer 500.
    """
    headers = {name: f"'{text}'" for name, text in _headers(cors, methods)}
    return {
        "responses": {
            "204": {"description": "", "headers": {name: {"schema": {"type": "string"}} for name in headers}}
        },
        _INTEGRATION: {
            "type": "mock",
            **({"contentHandling": "CONVERT_TO_TEXT"} if api.binary_types else {}),
            "passthroughBehavior": "when_no_match",
            "requestTemplates": {"application/json": json.dumps({"statusCode": 204})},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {f"method.response.header.{name}": text for name, text in headers.items()},
                }
            },
        },
    }


def _headers(cors: Cors, methods: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield from _of_every_answer(cors)
    own = _ALL if _ANY in methods else sorted({*(name.upper() for name in methods), "OPTIONS"})
    yield "Access-Control-Allow-Methods", ",".join(own if "*" in cors.allow_methods else cors.allow_methods)
    if cors.allow_headers:
        yield "Access-Control-Allow-Headers", ",".join(cors.allow_headers)
    if cors.max_age:
        yield "Access-Control-Max-Age", str(cors.max_age)


def _of_every_answer(cors: Cors) -> Iterator[tuple[str, str]]:
    yield "Access-Control-Allow-Origin", cors.allow_origins[0]
    if cors.allow_credentials:
        yield "Access-Control-Allow-Credentials", "true"


def _own_answers(cors: Cors) -> Json:
    """A page can read why it was refused."""
    headers = {f"gatewayresponse.header.{name}": f"'{text}'" for name, text in _of_every_answer(cors)}
    return {kind: {"responseParameters": headers} for kind in ("DEFAULT_4XX", "DEFAULT_5XX")}


# --- who may call ---
def _schemes(unit: StackInput, api: RestApi, events: list[RestRoute]) -> Iterator[tuple[str, Json]]:
    """Of those that a route names."""
    used = {event.authorizer for event in events}
    if IAM in used:
        yield IAM, _scheme("Authorization", "awsSigv4")
    for authorizer in api.authorizers:
        if authorizer.key in used:
            yield authorizer.key, _authorizer(unit, authorizer)
    if any(event.api_key for event in events):
        yield _KEY, {"type": "apiKey", "name": "x-api-key", "in": "header"}


def _scheme(header: str, kind: str, authorizer: Json | None = None) -> Json:
    more = {} if authorizer is None else {"x-amazon-apigateway-authorizer": authorizer}
    return {"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authtype": kind, **more}


def _authorizer(unit: StackInput, authorizer: RestAuthorizer) -> Json:
    match authorizer:
        case PoolAuthorizer():
            pools = {"type": "cognito_user_pools", "providerARNs": list(authorizer.user_pools)}
            return _scheme(authorizer.header, "cognito_user_pools", pools)
        case TokenAuthorizer():
            source = f"method.request.header.{authorizer.header}"
            pattern = {"identityValidationExpression": authorizer.pattern} if authorizer.pattern else {}
            asked = {"type": "token", **_asked(unit, authorizer), "identitySource": source, **pattern}
            return _scheme(authorizer.header, "custom", asked)
        case RequestAuthorizer():
            names = [f"method.request.header.{name}" for name in authorizer.headers]
            names += [f"method.request.querystring.{name}" for name in authorizer.query]
            asked = {"type": "request", **_asked(unit, authorizer)}
            # Without a cache the sources are not needed, and a request that lacks one would not reach the function.
            if authorizer.cache_seconds:
                asked["identitySource"] = ",".join(names)
            return _scheme("Unused", "custom", asked)
        case _:
            assert_never(authorizer)


def _asked(unit: StackInput, authorizer: TokenAuthorizer | RequestAuthorizer) -> Json:
    function = next(each for each in unit.settings.functions if each.key == authorizer.function)
    return {
        "authorizerUri": address_of(unit, function),
        "authorizerResultTtlInSeconds": authorizer.cache_seconds,
    }
