"""From the routes of functions to the unit's HTTP API: the API, its stage and log, authorizers, routes.

A route is named by what it matches, not by its function: API Gateway has no two routes with one key, and CloudFormation
makes a new resource before it deletes an old one, so a route that moves to another function has to stay the same
resource. The stage deploys every change by itself.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from multi_env_lambda.model.api_settings import (
    IAM,
    OPEN,
    ApiAuthorizer,
    Cors,
    HttpApi,
    HttpRoute,
    JwtAuthorizer,
    LambdaAuthorizer,
)
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.template.api_parts import access_log, address_of, joined, log_format, may_be_called
from multi_env_lambda.plan.template.event_parts import alias_of, event_resource
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id, ref

__all__ = ["HTTP_API", "api_part", "route_part"]

HTTP_API = "HttpApi"
"""The logical id of a unit's API."""

_STAGE = f"{HTTP_API}Stage"
_LOGS = f"{HTTP_API}AccessLog"
_MADE_BY = "http_api"
_LONGEST_ANSWER = 30_000
"""Milliseconds, after which the caller gets 503: the most that an HTTP API waits.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""


# --- a route ---
def route_part(unit: StackInput, function: Function, event: HttpRoute) -> Part:
    """The route, the function behind it, and the permission; several routes of a function share the last two."""
    words = () if event.payload == "2.0" else (event.payload.partition(".")[0],)
    behind = logical_id(function.key, HTTP_API, "Integration", *words)
    integration = {
        "ApiId": ref(HTTP_API),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": alias_of(function),
        "PayloadFormatVersion": event.payload,
        "TimeoutInMillis": _LONGEST_ANSWER,
    }
    route: Json = {
        "ApiId": ref(HTTP_API),
        "RouteKey": event.route.key,
        "Target": joined("integrations/", ref(behind)),
        **_authorization(unit, event),
    }
    return Part(
        resources=(
            event_resource(function, behind, "AWS::ApiGatewayV2::Integration", integration),
            event_resource(
                function,
                logical_id(HTTP_API, "Route", digest([event.route.shape])[:8]),
                "AWS::ApiGatewayV2::Route",
                route,
            ),
            may_be_called(unit, function, logical_id(function.key, HTTP_API), HTTP_API, "/*/*"),
        )
    )


def _authorization(unit: StackInput, event: HttpRoute) -> Json:
    if event.authorizer in (OPEN, IAM):
        return {"AuthorizationType": "NONE" if event.authorizer == OPEN else "AWS_IAM"}
    found = next(each for each in _api(unit).authorizers if each.key == event.authorizer)
    kind = "JWT" if isinstance(found, JwtAuthorizer) else "CUSTOM"
    scopes = {"AuthorizationScopes": list(event.scopes)} if event.scopes else {}
    return {"AuthorizationType": kind, "AuthorizerId": ref(_authorizer_id(found)), **scopes}


# --- the API ---
def api_part(unit: StackInput) -> Part:
    """What all routes share; nothing without a route."""
    api = unit.settings.http_api
    if api is None:
        return Part()
    name = unit.project.api_name(unit.environment.name)
    properties: Json = {"Name": name, "ProtocolType": "HTTP", **_tag_map(unit)}
    if api.cors is not None:
        properties["CorsConfiguration"] = _cors(api.cors)
    return Part(
        resources=(
            _resource(HTTP_API, "AWS::ApiGatewayV2::Api", properties),
            *(each for authorizer in api.authorizers for each in _authorizer(unit, authorizer)),
            *access_log(unit, _LOGS, name, api.log_retention_days, made_by=_MADE_BY),
            _stage(unit, api),
        ),
        outputs=((f"{HTTP_API}Endpoint", {"Value": _url(unit, api)}),),
    )


def _url(unit: StackInput, api: HttpApi) -> Json:
    host = f".execute-api.{unit.environment.region}.amazonaws.com"
    return joined("https://", ref(HTTP_API), host if api.stage == "$default" else f"{host}/{api.stage}")


def _stage(unit: StackInput, api: HttpApi) -> Resource:
    properties: Json = {"ApiId": ref(HTTP_API), "StageName": api.stage, "AutoDeploy": True, **_tag_map(unit)}
    if api.log_retention_days is not None:
        format_ = log_format(route="routeKey", failure="integrationErrorMessage")
        properties["AccessLogSettings"] = {"DestinationArn": get_att(_LOGS, "Arn"), "Format": format_}
    if api.rate is not None:
        limits = {"ThrottlingRateLimit": api.rate, "ThrottlingBurstLimit": api.burst}
        properties["DefaultRouteSettings"] = limits
    return _resource(_STAGE, "AWS::ApiGatewayV2::Stage", properties)


def _cors(cors: Cors) -> Json:
    found = {
        "AllowOrigins": list(cors.allow_origins),
        "AllowMethods": list(cors.allow_methods),
        "AllowHeaders": list(cors.allow_headers),
        "ExposeHeaders": list(cors.expose_headers),
        "AllowCredentials": cors.allow_credentials,
        "MaxAge": cors.max_age,
    }
    return {key: value for key, value in found.items() if value not in ([], 0, False)}


# --- authorizers ---
def _authorizer_id(authorizer: ApiAuthorizer) -> str:
    return logical_id(HTTP_API, "Authorizer", authorizer.key)


def _authorizer(unit: StackInput, authorizer: ApiAuthorizer) -> Iterator[Resource]:
    name = _authorizer_id(authorizer)
    common = {"ApiId": ref(HTTP_API), "Name": authorizer.key}
    match authorizer:
        case JwtAuthorizer():
            tokens = {"Issuer": authorizer.issuer, "Audience": list(authorizer.audience)}
            source = ["$request.header.Authorization"]
            properties = {"AuthorizerType": "JWT", "IdentitySource": source, "JwtConfiguration": tokens}
        case LambdaAuthorizer():
            function = next(each for each in unit.settings.functions if each.key == authorizer.function)
            yield may_be_called(unit, function, name, HTTP_API, "/authorizers/", ref(name))
            properties = _of_function(unit, function, authorizer)
        case _:
            assert_never(authorizer)
    yield _resource(name, "AWS::ApiGatewayV2::Authorizer", {**common, **properties})


def _of_function(unit: StackInput, function: Function, authorizer: LambdaAuthorizer) -> Json:
    """With simple answers: ``{"isAuthorized": true}``."""
    found: Json = {
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": address_of(unit, function),
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "AuthorizerResultTtlInSeconds": authorizer.cache_seconds,
    }
    if authorizer.headers:
        found["IdentitySource"] = [f"$request.header.{header}" for header in authorizer.headers]
    return found


# --- parts ---
def _api(unit: StackInput) -> HttpApi:
    return unit.settings.http_api or HttpApi()


def _resource(name: str, type_: str, properties: Json) -> Resource:
    return Resource(logical_id=name, type=type_, properties=properties, made_by=_MADE_BY)


def _tag_map(unit: StackInput) -> Json:
    """These two types have their tags as a table."""
    return {"Tags": dict(unit.settings.tags)} if unit.settings.tags else {}
