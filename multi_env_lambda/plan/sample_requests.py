"""Sample events of the HTTP API: what a function gets of a request, in both of its forms.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.route import Route, problem_with_route, read_route
from multi_env_lambda.plan.sample_place import EPOCH, Here

__all__ = ["front_end", "http_sample", "met", "query_of"]

_API = "a1b2c3d4e5"
_REQUEST = "JKJaXmPLvHcESHA="
_TIME = "31/Mar/2026:08:00:00 +0000"
_AGENT = "curl/8"
_CALLER = "203.0.113.7"


@attrs.frozen(kw_only=True)
class _Sent:
    """A request, and the route that it met."""

    here: Here
    method: str
    route: str
    path: str
    query: str
    body: str
    headers: dict[str, str]
    variables: dict[str, str]


def http_sample(
    here: Here,
    *,
    route: str = "GET /orders/{id}",
    path: str = "",
    query: str = "",
    body: str = "",
    payload: str = "2.0",
) -> Any:
    """Of an open route; an empty ``path`` is the route's own with examples for its variables."""
    if (problem := problem_with_route(route)) is not None:
        raise ConfigurationError("event http: route", f"found {route!r:.80}; {problem[0]}", hint=problem[1])
    if payload not in ("2.0", "1.0"):
        raise ConfigurationError(
            "event http: payload", f"found {payload!r:.80}", hint=did_you_mean(payload, ("1.0", "2.0"))
        )
    found = read_route(route)
    method = "GET" if found.method in ("ANY", "") else found.method
    sent, variables = met("http", found, path)
    host = f"{_API}.execute-api.{here.region}.amazonaws.com"
    headers = {
        **({"content-type": "application/json"} if body else {}),
        "content-length": str(len(body.encode("utf-8"))),
    }
    headers |= front_end(host)
    headers = {name: text for name, text in headers.items() if not name.startswith("x-amzn-tls")}
    request = _Sent(
        here=here,
        method=method,
        route=found.key,
        path=sent,
        query=query,
        body=body,
        headers=headers,
        variables=variables,
    )
    return _first_form(request) if payload == "1.0" else _second_form(request)


def met(kind: str, route: Route, path: str) -> tuple[str, dict[str, str]]:
    """The path of a request, and what the variables of its route stand for in it; an empty one is made of examples."""
    example = "/".join("7" if part.startswith("{") else part for part in route.path.split("/"))
    sent = path or (example if route.method else "/")
    variables = _variables_of(route.path, sent) if route.method else {}
    if variables is None or not re.fullmatch(r"/[^?#]*", sent):
        what = f"found {sent!r:.80}, which `{route.key}` does not match"
        raise ConfigurationError(f"event {kind}: path", what, hint="set `route`, too; what follows `?` is the `query`")
    return sent, variables


def _variables_of(route: str, path: str) -> dict[str, str] | None:
    """What the variables of a route stand for; None if it does not match the path."""
    parts = re.split(r"(\{[^}]+\})", route)
    pattern = "".join(
        re.escape(part) if not part.startswith("{") else "(.+)" if part.endswith("+}") else "([^/]+)" for part in parts
    )
    names = [part.strip("{+}") for part in parts if part.startswith("{")]
    match = re.fullmatch(pattern, path)
    return None if match is None else dict(zip(names, match.groups(), strict=True))


def _second_form(sent: _Sent) -> Any:
    named = query_of(sent.query)
    return {
        "version": "2.0",
        "routeKey": sent.route,
        "rawPath": sent.path,
        "rawQueryString": sent.query,
        "headers": sent.headers,
        **({"queryStringParameters": named} if named else {}),
        "requestContext": {
            "accountId": sent.here.account,
            "apiId": _API,
            "domainName": sent.headers["host"],
            "domainPrefix": _API,
            "http": {
                "method": sent.method,
                "path": sent.path,
                "protocol": "HTTP/1.1",
                "sourceIp": _CALLER,
                "userAgent": _AGENT,
            },
            "requestId": _REQUEST,
            "routeKey": sent.route,
            "stage": "$default",
            "time": _TIME,
            "timeEpoch": EPOCH * 1000,
        },
        **({"pathParameters": sent.variables} if sent.variables else {}),
        **({"body": sent.body} if sent.body else {}),
        "isBase64Encoded": False,
    }


def _first_form(sent: _Sent) -> Any:
    """What there is none of is null here."""
    many = parse_qs(sent.query, keep_blank_values=True)
    resource = sent.route.partition(" ")[2] or sent.route
    none: tuple[str, ...] = (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAmr",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
    )
    none += ("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn")
    return {
        "version": "1.0",
        "resource": resource,
        "path": sent.path,
        "httpMethod": sent.method,
        "headers": sent.headers,
        "multiValueHeaders": {name: [text] for name, text in sent.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "requestContext": {
            "accountId": sent.here.account,
            "apiId": _API,
            "domainName": sent.headers["host"],
            "domainPrefix": _API,
            "extendedRequestId": _REQUEST,
            "httpMethod": sent.method,
            "identity": {**dict.fromkeys(none), "sourceIp": _CALLER, "userAgent": _AGENT},
            "path": sent.path,
            "protocol": "HTTP/1.1",
            "requestId": _REQUEST,
            "requestTime": _TIME,
            "requestTimeEpoch": EPOCH * 1000,
            "resourceId": sent.route,
            "resourcePath": resource,
            "stage": "$default",
        },
        "pathParameters": sent.variables or None,
        "stageVariables": None,
        "body": sent.body or None,
        "isBase64Encoded": False,
    }


def query_of(query: str) -> dict[str, str]:
    """Values of one name are joined by commas."""
    return {name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()}


def front_end(host: str) -> dict[str, str]:
    """The headers that come with every request."""
    return {
        "accept": "*/*",
        "host": host,
        "user-agent": _AGENT,
        "x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256",
        "x-amzn-tls-version": "TLSv1.3",
        "x-amzn-trace-id": "Root=1-69cb8200-0123456789abcdef01234567",
        "x-forwarded-for": _CALLER,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
