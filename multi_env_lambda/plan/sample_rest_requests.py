"""Sample events of the REST API: what a function gets of a request, in the form that only this kind of API has.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.rest_route import problem_with_rest_route
from multi_env_lambda.model.route import read_route
from multi_env_lambda.plan.sample_place import EPOCH, Here
from multi_env_lambda.plan.sample_requests import front_end, met

__all__ = ["rest_sample"]

_API = "a1b2c3d4e5"
_STAGE = "live"
_REQUEST = "e1506fd5-9e7b-434f-bd42-4f8fa224b599"
_NOBODY = (
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)


def rest_sample(here: Here, *, route: str = "GET /orders/{id}", path: str = "", query: str = "", body: str = "") -> Any:
    """Of an open route; an empty ``path`` is the route's own with examples for its variables."""
    if (problem := problem_with_rest_route(route)) is not None:
        raise ConfigurationError("event rest: route", f"found {route!r:.80}; {problem[0]}", hint=problem[1])
    found = read_route(route)
    sent, variables = met("rest", found, path)
    method = "GET" if found.method == "ANY" else found.method
    host = f"{_API}.execute-api.{here.region}.amazonaws.com"
    headers = _headers(host, body)
    many = parse_qs(query, keep_blank_values=True)
    return {
        "resource": found.path,
        "path": sent,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": variables or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": here.account,
            "apiId": _API,
            "deploymentId": "k3v9xq",
            "domainName": host,
            "domainPrefix": _API,
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": method,
            "identity": {**dict.fromkeys(_NOBODY), "sourceIp": "203.0.113.7", "userAgent": headers["User-Agent"]},
            "path": f"/{_STAGE}{sent}",
            "protocol": "HTTP/1.1",
            "requestId": _REQUEST,
            "requestTime": "31/Mar/2026:08:00:00 +0000",
            "requestTimeEpoch": EPOCH * 1000,
            "resourceId": "x1y2z3",
            "resourcePath": found.path,
            "stage": _STAGE,
        },
        "body": body or None,
        "isBase64Encoded": False,
    }


def _headers(host: str, body: str) -> dict[str, str]:
    """In the usual spelling: a REST API does not make them lower-case."""
    sent = {**({"content-type": "application/json"} if body else {}), **front_end(host)}
    return {name.title(): text for name, text in sent.items() if not name.startswith("x-amzn-tls")}
