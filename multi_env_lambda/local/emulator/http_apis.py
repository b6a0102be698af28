"""An HTTP API answers as API Gateway does: stages, routes, preflights, authorizers, permissions, and its own errors.

Reason: ministack finds an API only for callers who sign for its account, calls functions without a permission, knows
one form of a request, sends whatever a function returns, answers every ``OPTIONS`` itself, and loses the CORS settings
of a template. Routes of a template may exist twice, or lead nowhere.
Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html,
http-api-cors.html ("ignores CORS headers returned from your backend"), http-api-jwt-authorizer.html,
http-api-lambda-authorizer.html and http-api-quotas.html (30 seconds, 10 MB).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import http_api_answers, http_api_events
from .api_calls import call, finder, may_call, of_id
from .http_api_events import Request
from .names import load, original
from .resources import check_first

__all__ = ["patch", "serves_page"]

_SECONDS = 30.0
_MOST_BYTES = 10 * 1024 * 1024
_NOT_FOUND = http_api_answers.message(404, "Not Found")
_FAILED = http_api_answers.message(500, "Internal Server Error")
_TOO_LATE = http_api_answers.message(503, "Service Unavailable")
_TOO_LARGE = http_api_answers.message(413, "Request Entity Too Large")
_TWICE = "Route with key {key} already exists for this API"
_IN_A_STACK = "{text} (Service: AmazonApiGatewayV2, Status Code: {status})"

_Answer = tuple[int, dict[str, Any], bytes]


def patch() -> None:
    """Serve requests, and check what a template says about routes."""
    apis = load("ministack.services.apigateway")
    stored = original(apis, "_apis")
    original(apis, "find_api_scope")
    apis.find_api_scope = finder(stored)
    delete, authorizers = original(apis, "_delete_api"), original(apis, "_authorizers")

    def deleted(api: str) -> Any:
        """With its authorizers."""
        authorizers.pop(api, None)
        return delete(api)

    apis._delete_api = deleted
    original(apis, "_handle_execute_in_scope")
    apis._handle_execute_in_scope = _served
    apis._validate_jwt_authorizer = _strictly(original(apis, "_validate_jwt_authorizer"))
    apis._invoke_request_authorizer_lambda = _if_permitted(original(apis, "_invoke_request_authorizer_lambda"))
    _keep_cors(stored)
    _keep_sources(authorizers)
    _refuse_twice()
    check_first("AWS::ApiGatewayV2::Route", _check_route)


def serves_page(api: str, origin: str) -> bool:
    """Whether the table of an API lets pages of this origin call it."""
    stored = original(load("ministack.services.apigateway"), "_apis")
    allowed = (of_id(stored, api).get("corsConfiguration") or {}).get("allowOrigins") or []
    return "*" in allowed or origin.lower() in [each.lower() for each in allowed]


# --- requests ---
async def _served(*request: Any) -> _Answer:
    """With headers of its own, to which ministack adds the id of the request."""
    status, headers, body = await _serve(*request)
    return status, dict(headers), body


async def _serve(
    api: str,
    stage: str,
    path: str,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, list[str]],
    account: str,
    region: str,
    raw_query: str | None = None,
) -> _Answer:
    apis = load("ministack.services.apigateway")
    if stage not in apis._stages.get(api, {}):
        return _NOT_FOUND
    cors = (apis._apis.get(api) or {}).get("corsConfiguration") or {}
    heard = {name.lower(): text for name, text in headers.items()}
    origin = heard.get("origin", "")
    if method == "OPTIONS" and cors:
        status, preflight, _ = original(apis, "_cors_preflight_response")(cors, origin)
        return 204, preflight if status == 204 else {}, b""
    if len(body or b"") > _MOST_BYTES:
        return _TOO_LARGE
    route = apis._match_route(api, method, "/" + path.lstrip("/"))
    if not route:
        return _NOT_FOUND
    asked = Request(
        api=api,
        stage=stage,
        route=route["routeKey"],
        method=method,
        path=path,
        headers=heard,
        body=body or b"",
        query={name: list(values) for name, values in (query or {}).items()},
        raw_query=apis._raw_query_string(query, raw_query),
        variables=_variables(apis, route["routeKey"], path),
        account=account,
        region=region,
    )
    status, sent, answer = await _authorized(apis, route, asked)
    if cors:
        sent = {name: text for name, text in sent.items() if not name.lower().startswith("access-control-")}
        sent |= original(apis, "_cors_response_headers")(cors, origin)
    return status, sent, answer


def _variables(apis: Any, key: str, path: str) -> dict[str, str]:
    template = key.partition(" ")[2]
    return (apis._extract_path_params(template, "/" + path.lstrip("/")) or {}) if template else {}


async def _authorized(apis: Any, route: Mapping[str, Any], asked: Request) -> _Answer:
    """What the function answers, or why it is not asked."""
    known = apis._authorizers.get(asked.api, {}).get(route.get("authorizerId"))
    match route.get("authorizationType") or "NONE":
        case "NONE":
            return await _called(apis, route, asked, None)
        case "AWS_IAM":
            caller = (
                apis._iam_caller_identity_v2(asked.headers, asked.query) if "authorization" in asked.headers else None
            )
            return await _called(apis, route, asked, {"iam": caller}) if caller else apis._jwt_forbidden()
        case "JWT" if known:
            claims, scopes, refused = await apis._validate_jwt_authorizer(route, known, asked.headers, asked.query)
            texts = {name: apis._jwt_claim_to_string(value) for name, value in (claims or {}).items()}
            asked_for = scopes if route.get("authorizationScopes") else None
            return refused or await _called(apis, route, asked, {"jwt": {"claims": texts, "scopes": asked_for}})
        case "CUSTOM" if known:
            template = asked.route.partition(" ")[2] or asked.path
            refused, context = await apis._authorize_request_v2(
                asked.api,
                asked.stage,
                route,
                asked.method,
                asked.path,
                template,
                dict(asked.headers),
                asked.query,
                asked.variables,
                {},
                asked.account,
                asked.region,
                asked.raw_query,
            )
            return refused or await _called(apis, route, asked, {"lambda": context or None})
        case _:
            return _FAILED


async def _called(apis: Any, route: Mapping[str, Any], asked: Request, authorizer: Any) -> _Answer:
    behind = apis._integrations.get(asked.api, {}).get(str(route.get("target", "")).rpartition("/")[2])
    if not behind or behind["integrationType"] != "AWS_PROXY":
        return _FAILED
    arn = apis._extract_lambda_ref_from_integration_uri(behind["integrationUri"])
    place = asked.route.replace(" ", "", 1) if " " in asked.route else f"/{asked.route}"
    if not may_call(arn, f"{asked.api}/{asked.stage}/{place.lstrip('/')}"):
        return _FAILED
    form = str(behind.get("payloadFormatVersion") or "1.0")
    event = http_api_events.event_of(form, asked, authorizer)
    seconds = min(_SECONDS, behind.get("timeoutInMillis", 30_000) / 1000)
    try:
        result = await call(apis, arn, event, seconds=seconds, thread_name="http-api")
    except TimeoutError:
        return _TOO_LATE
    if result.get("throttle"):
        return _TOO_LATE
    return _FAILED if result.get("error") else http_api_answers.answer_of(form, result.get("body"))


# --- who may ---
def _if_permitted(invoke: Callable[..., Any]) -> Callable[..., Any]:
    async def permitted(authorizer: Mapping[str, Any], event: Mapping[str, Any], *more: Any) -> Any:
        apis = load("ministack.services.apigateway")
        arn = apis._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
        source = f"{event['requestContext']['apiId']}/authorizers/{authorizer['authorizerId']}"
        return await invoke(authorizer, event, *more) if may_call(arn, source) else None

    return permitted


def _strictly(validate: Callable[..., Any]) -> Callable[..., Any]:
    """A token without an end is not taken."""

    async def validated(route: Any, authorizer: Any, headers: Any, query: Any) -> Any:
        claims, scopes, refused = await validate(route, authorizer, headers, query)
        if refused is None and "exp" not in claims:
            return None, None, load("ministack.services.apigateway")._jwt_unauthorized()
        return claims, scopes, refused

    return validated


# --- templates ---
def _keep_cors(stored: Any) -> None:
    """A template writes ``AllowOrigins``, and requests are compared with ``allowOrigins``."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::ApiGatewayV2::Api"]

    def kept(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            made = step(*args, **named)
            api = stored[made[0]]
            if found := api.get("corsConfiguration"):
                api["corsConfiguration"] = {name[:1].lower() + name[1:]: value for name, value in found.items()}
            return made

        return run

    handlers["AWS::ApiGatewayV2::Api"] = steps | {name: kept(steps[name]) for name in ("create", "update")}


def _keep_sources(stored: Any) -> None:
    """A function that authorizes is asked about every request, unless its template names what has to be there."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::ApiGatewayV2::Authorizer"]

    def kept(step: Callable[..., Any], place: int) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            made = step(*args, **named)
            properties = args[place]
            if properties.get("AuthorizerType") == "REQUEST":
                stored[properties["ApiId"]][made[0]]["identitySource"] = properties.get("IdentitySource", [])
            return made

        return run

    handlers["AWS::ApiGatewayV2::Authorizer"] = steps | {
        "create": kept(steps["create"], 1),
        "update": kept(steps["update"], 2),
    }


def _check_route(properties: Mapping[str, Any]) -> None:
    apis = load("ministack.services.apigateway")
    api = properties.get("ApiId", "")
    target = str(properties.get("Target", "")).rpartition("/")[2]
    if target and target not in apis._integrations.get(api, {}):
        raise ValueError(_IN_A_STACK.format(text=f"Invalid Integration identifier specified {target}", status=404))
    kind, name = properties.get("AuthorizationType", "NONE"), properties.get("AuthorizerId")
    if kind in ("JWT", "CUSTOM") and name not in apis._authorizers.get(api, {}):
        raise ValueError(_IN_A_STACK.format(text="Authorizer id is not valid", status=400))


def _refuse_twice() -> None:
    """Two routes of an API with one key, also while one takes the place of the other."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::ApiGatewayV2::Route"]

    def check(properties: Mapping[str, Any]) -> None:
        routes = load("ministack.services.apigateway")._routes.get(properties.get("ApiId", ""), {})
        key = properties.get("RouteKey", "")
        if any(route["routeKey"] == key for route in routes.values()):
            raise ValueError(_IN_A_STACK.format(text=_TWICE.format(key=key), status=409))

    def created(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        check(properties)
        return steps["create"](logical_id, properties, stack)

    def updated(name: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        if old.get("RouteKey") != new.get("RouteKey"):
            check(new)
        return steps["update"](name, old, new, *more, **named)

    handlers["AWS::ApiGatewayV2::Route"] = steps | {"create": created, "update": updated}
