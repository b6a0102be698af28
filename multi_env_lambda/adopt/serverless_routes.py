"""How the functions of a service answer HTTP: ``httpApi``, ``http`` and ``url`` of Serverless in our words.

A route whose authorizer has no counterpart is closed: nothing becomes open to everybody that was not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attrs

from multi_env_lambda.adopt.serverless_asked import Asked, Event
from multi_env_lambda.adopt.serverless_integration import integration_of, obstacle_in
from multi_env_lambda.adopt.serverless_service import Service, at, key_of
from multi_env_lambda.adopt.serverless_values import Filled, Value, plain

__all__ = ["Apis", "http_api", "http_route", "rest_route", "url_event"]

_HEADERS = (
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token"),
    *("X-Amz-User-Agent", "X-Amzn-Trace-Id"),
)
_PROXY = (None, "lambda-proxy", "lambda_proxy", "aws-proxy", "aws_proxy")
_CHANGED = ("lambda", "aws")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_POOL = re.compile(r"arn:aws:cognito-idp:[^:]+:[^:]+:userpool/.+")
_FUNCTION_ARN = re.compile(r"arn:aws:lambda:.+")
_HEADER = re.compile(r"(?:\$request\.header\.|method\.request\.header\.)(.+)", re.IGNORECASE)
_QUERY = re.compile(r"method\.request\.querystring\.(.+)", re.IGNORECASE)


@attrs.frozen
class Apis:
    """What holds for all routes: ``[tool.multi_env_lambda.http_api]`` and ``rest_api``."""

    http: dict[str, Any] = attrs.field(factory=dict)
    rest: dict[str, Any] = attrs.field(factory=dict)


def _method_and_path(value: Value, service: Service) -> tuple[str, str] | None:
    """In upper case, and as it is written; "*" for any."""
    if isinstance(value, dict):
        method, path = service.text(at(value, "method")), service.text(at(value, "path"))
    else:
        words = (service.text(value) or "").split()
        method, path = (words[0], words[1]) if len(words) == 2 else ("*", words[0]) if len(words) == 1 else (None, None)
        if len(words) == 1 and words[0] != "*":
            return None
    if method is None and path == "*":
        method = "*"
    if method is None or path is None:
        return None
    return ("ANY" if method in ("*", "any", "ANY") else method.upper()), path


def http_api(service: Service) -> dict[str, Any]:
    """The table of the HTTP API, without authorizers."""
    found = service.get("provider", "httpApi")
    table: dict[str, Any] = {}
    if (payload := at(found, "payload")) in ("1.0", "2.0", 1.0, 2.0) and str(payload) != "2.0":
        table["payload"] = "1.0"
    if cors := at(found, "cors"):
        table["cors"] = _http_cors(service, cors, "", ["provider", "httpApi", "cors"])
    path = ("provider", "httpApi")
    for name in ("name", "metrics", "disableDefaultEndpoint", "useProviderTags", "shouldStartNameWithService"):
        if at(found, name) is not None:
            service.dropped("", f"httpApi.{name}", [*path, name], "the API is called after unit and environment here")
    return table


def _http_cors(service: Service, cors: Value, function: str, path: Sequence[str | int]) -> dict[str, Any]:
    """With ``cors: true``, Serverless allows everybody, and the headers that browsers send to AWS."""
    if not isinstance(cors, dict):
        return {"allow_origins": ["*"], "allow_headers": list(_HEADERS)}
    words = {
        "allowedOrigins": "allow_origins",
        "allowedHeaders": "allow_headers",
        "allowedMethods": "allow_methods",
        "exposedResponseHeaders": "expose_headers",
        "allowCredentials": "allow_credentials",
        "maxAge": "max_age",
    }
    table = {words[name]: _listed(service, each) for name, each in cors.items() if name in words}
    if "allow_methods" in table:
        table["allow_methods"] = [each for each in table["allow_methods"] if each != "OPTIONS"] or ["*"]
    table = {"allow_origins": ["*"], "allow_headers": list(_HEADERS), **table}
    return _without_credentials_of_all(service, function, path, table)


def _listed(service: Service, value: Value) -> Any:
    return [service.text(each) for each in value] if isinstance(value, list) else _one(service, value)


def _one(service: Service, value: Value) -> Any:
    return value if isinstance(value, (bool, int)) else [service.text(value)]


def http_route(asked: Asked, apis: Apis) -> tuple[Event, ...]:
    service = asked.service
    if service.get("provider", "httpApi", "id") is not None:
        return asked.dropped("the routes of an API that belongs to another stack cannot be added here")
    found = _method_and_path(asked.value, service)
    if found is None:
        return asked.dropped("its method and path cannot be read")
    method, path = found
    route = "$default" if path == "*" and method == "ANY" else f"{method} {_below(path)}"
    if path == "*" and method != "ANY":
        route = f"{method} /{{proxy+}}"
    for key, shared in http_api(service).items():
        apis.http.setdefault(key, shared)
    return asked.to({"http": route, **_http_authorizer(asked, apis)})


def _closed(asked: Asked, why: str) -> Event:
    """Nobody can call it until somebody has decided who may."""
    reason = f"{why}: until you set another `authorizer`, only signed requests of AWS are let in"
    asked.service.changed(asked.function, "authorizer", asked.path, 'authorizer = "iam"', reason)
    return {"authorizer": "iam"}


def _below(path: str) -> str:
    return "/" + path.strip("/") if path.strip("/") else "/"


def _http_authorizer(asked: Asked, apis: Apis) -> Event:
    """Who may call the route, in our words."""
    wanted = at(asked.value, "authorizer")
    if wanted is None:
        return {}
    name = at(wanted, "name") if isinstance(wanted, dict) else wanted
    if at(wanted, "type") == "aws_iam" or name == "aws_iam":
        return {"authorizer": "iam"}
    table = None
    if isinstance(name, str):
        table = _http_authorizers(asked.service, name)
    if not isinstance(name, str) or table is None:
        return _closed(asked, "its authorizer has no counterpart here")
    key = key_of(name)
    apis.http.setdefault("authorizers", {})[key] = table
    scopes = at(wanted, "scopes")
    return {"authorizer": key, **({"scopes": _listed(asked.service, scopes)} if scopes else {})}


def _http_authorizers(service: Service, name: str) -> dict[str, Any] | None:
    found = service.get("provider", "httpApi", "authorizers", name)
    if not isinstance(found, dict):
        return None
    issuer, audience = service.text(found.get("issuerUrl")), found.get("audience")
    if issuer is not None and audience is not None:
        names = [service.text(each) for each in (audience if isinstance(audience, list) else [audience])]
        return None if None in names else {"issuer": issuer, "audience": names}
    function = found.get("functionName")
    if found.get("type") != "request" or not isinstance(function, str) or function not in service.keys:
        return None
    if found.get("enableSimpleResponses") is not True:
        return None
    headers = _sources(found.get("identitySource"))
    more = {"cache_seconds": found["resultTtlInSeconds"]} if found.get("resultTtlInSeconds") else {}
    return {"function": service.keys[function], **({"headers": headers} if headers else {}), **more}


def _sources(value: Value) -> list[str]:
    """The names of the headers among the sources of an identity."""
    texts = value if isinstance(value, list) else (value.split(",") if isinstance(value, str) else [])
    return [found[1] for each in texts if isinstance(each, str) and (found := _HEADER.fullmatch(each.strip()))]


def rest_route(asked: Asked, apis: Apis) -> tuple[Event, ...]:
    service, value = asked.service, asked.value
    if (reason := _no_rest_route(asked)) is not None:
        return asked.dropped(reason)
    found = _method_and_path(value, service)
    if found is None:
        return asked.dropped("its method and path cannot be read")
    more = _rest_authorizer(asked, apis)
    if at(value, "private") is True:
        more = {**more, "api_key": True}
        apis.rest.setdefault("usage_plan", _usage_plan(service))
    if isinstance(at(value, "request"), dict):
        asked.service.dropped(
            asked.function, "request", [*asked.path, "request"], "what a request must have is not checked by the API"
        )
    _rest_table(service, apis)
    if cors := at(value, "cors"):
        _rest_cors(asked, apis, cors)
    if _integration(value) not in _PROXY:
        route = f"{found[0]} {_below(found[1])}"
        service.integrations.setdefault(asked.function, {})[route] = integration_of(value)
    return asked.to({"rest": f"{found[0]} {_below(found[1])}", **more})


def _no_rest_route(asked: Asked) -> str | None:
    """Why a route cannot be here."""
    service, value = asked.service, asked.value
    if service.get("provider", "apiGateway", "restApiId") is not None:
        return "the routes of an API that belongs to another stack cannot be added here"
    kind = _integration(value)
    if kind not in (*_PROXY, *_CHANGED):
        return f"`integration: {kind}` changes requests and answers on their way, which has no key here"
    if kind in _CHANGED and (reason := obstacle_in(value)) is not None:
        return reason
    return "a request that is not waited for has no key here" if at(value, "async") is True else None


def _integration(value: Value) -> str | None:
    integration = at(value, "integration")
    return plain(integration).lower() if isinstance(integration, (str, Filled)) else None


def _usage_plan(service: Service) -> dict[str, Any]:
    """The keys of the callers, with the limits for each of them."""
    found = service.get("provider", "apiGateway", "usagePlan") or service.get("provider", "usagePlan")
    limits = {
        "rate": at(found, "throttle", "rateLimit"),
        "burst": at(found, "throttle", "burstLimit"),
        "quota": at(found, "quota", "limit"),
    }
    plan = {"keys": _api_keys(service), **{name: each for name, each in limits.items() if isinstance(each, int)}}
    period = at(found, "quota", "period")
    return {**plan, "period": str(period).lower()} if "quota" in plan and isinstance(period, str) else plan


def _rest_table(service: Service, apis: Apis) -> None:
    """The stage is a part of every path, so it keeps its name."""
    stage = service.get("provider", "apiGateway", "stage")
    apis.rest.setdefault("stage", service.text(stage if stage is not None else service.variables.given["sls:stage"]))
    types = service.get("provider", "apiGateway", "binaryMediaTypes")
    if isinstance(types, list):
        apis.rest.setdefault("binary_types", [service.text(each) for each in types])
    kind = service.get("provider", "endpointType")
    if kind is None or str(kind).upper() == "EDGE":
        apis.rest.setdefault("endpoint", "edge")
    for name in ("minimumCompressionSize", "metrics", "disableDefaultEndpoint", "shouldStartNameWithService"):
        if service.get("provider", "apiGateway", name) is not None:
            service.dropped("", f"apiGateway.{name}", ["provider", "apiGateway", name], "it has no key")


def _api_keys(service: Service) -> list[str]:
    found = service.get("provider", "apiGateway", "apiKeys") or service.get("provider", "apiKeys")
    names = [at(each, "name") or each for each in found] if isinstance(found, list) else []
    return [key_of(plain(name)) for name in names if isinstance(name, (str, Filled))] or ["callers"]


def _rest_cors(asked: Asked, apis: Apis, cors: Value) -> None:
    """One table for all routes; what the first of them says holds, and any other is said."""
    service = asked.service
    table: dict[str, Any] = {"allow_origins": ["*"], "allow_headers": list(_HEADERS)}
    if isinstance(cors, dict):
        origins = cors.get("origins", cors.get("origin", "*"))
        named = origins if isinstance(origins, list) else str(service.text(origins)).split(",")
        headers = cors.get("headers", list(_HEADERS))
        table["allow_origins"] = [str(service.text(each)).strip() for each in named][:1]
        if len(named) > 1:
            reason = "a REST API answers with one origin: the first holds"
            service.changed(asked.function, "cors", [*asked.path, "cors"], "rest_api.cors", reason)
        table["allow_headers"] = _listed(service, headers) if isinstance(headers, list) else [service.text(headers)]
        if cors.get("allowCredentials") is True:
            table["allow_credentials"] = True
        if isinstance(cors.get("maxAge"), int):
            table["max_age"] = cors["maxAge"]
        table = _without_credentials_of_all(service, asked.function, [*asked.path, "cors"], table)
    known = apis.rest.setdefault("cors", table)
    if known != table:
        reason = "what browsers may do is the same for all routes of a REST API here: that of the first route holds"
        service.changed(asked.function, "cors", [*asked.path, "cors"], "rest_api.cors", reason)


def _without_credentials_of_all(
    service: Service, function: str, path: Sequence[str | int], table: dict[str, Any]
) -> dict[str, Any]:
    """Browsers refuse an answer that allows credentials and every origin, so the credentials were of no use."""
    if not (table.get("allow_credentials") and "*" in table["allow_origins"]):
        return table
    reason = "browsers refuse credentials together with every origin; name the origins to allow them"
    service.changed(function, "cors.allowCredentials", list(path), "no credentials", reason)
    return {key: value for key, value in table.items() if key != "allow_credentials"}


def _rest_authorizer(asked: Asked, apis: Apis) -> Event:
    wanted, service = at(asked.value, "authorizer"), asked.service
    if str(service.get("provider", "endpointType")).upper() == "PRIVATE":
        return _closed(asked, "the API is private, and an API is public here")
    if service.get("provider", "apiGateway", "resourcePolicy") or service.get("provider", "resourcePolicy"):
        return _closed(asked, "the policy of the API has no key")
    if wanted is None:
        return {}
    kind = at(wanted, "type")
    name = at(wanted, "name") if isinstance(wanted, dict) else wanted
    if str(kind).lower() == "aws_iam" or str(name).lower() == "aws_iam":
        return {"authorizer": "iam"}
    arn = service.text(at(wanted, "arn")) if isinstance(wanted, dict) else service.text(wanted)
    if arn is not None and _POOL.fullmatch(arn):
        key, table = key_of(str(name or "pool") if isinstance(wanted, dict) else "pool"), {"user_pools": [arn]}
    elif isinstance(name, str) and name in service.keys and not (arn and _FUNCTION_ARN.fullmatch(arn)):
        key, table = key_of(name), _decides(service.keys[name], wanted)
    else:
        return _closed(asked, "its authorizer has no counterpart here")
    apis.rest.setdefault("authorizers", {})[key] = table
    scopes = at(wanted, "scopes")
    return {"authorizer": key, **({"scopes": _listed(service, scopes)} if scopes else {})}


def _decides(function: str, wanted: Value) -> dict[str, Any]:
    """A function that decides; Serverless keeps its answers for five minutes."""
    source = at(wanted, "identitySource")
    headers = _sources(source)
    texts = source.split(",") if isinstance(source, str) else []
    query = [found[1] for each in texts if (found := _QUERY.fullmatch(each.strip()))]
    ttl = at(wanted, "resultTtlInSeconds")
    pattern = at(wanted, "identityValidationExpression")
    return {
        "function": function,
        **({"decides_by": "request"} if str(at(wanted, "type")).lower() == "request" else {}),
        **({"headers": headers} if headers else {}),
        **({"query": query} if query else {}),
        **({"pattern": pattern} if isinstance(pattern, str) else {}),
        "cache_seconds": ttl if isinstance(ttl, int) else 300,
    }


def url_event(service: Service, function: str, value: Value) -> tuple[Event, ...]:
    """A function's own URL; Serverless does not list it among the events."""
    path = ("functions", function, "url")
    if not value:
        return ()
    if at(value, "invokeMode") not in (None, "BUFFERED"):
        service.dropped(function, "url.invokeMode", [*path, "invokeMode"], "an answer in parts has no key here")
    auth = "AWS_IAM" if str(at(value, "authorizer")).lower() == "aws_iam" else "NONE"
    cors = at(value, "cors")
    more = {"cors": _http_cors(service, cors, function, [*path, "cors"])} if cors else {}
    service.carried(function, "url", path, f'url = "{auth}"')
    return ({"url": auth, **more},)
