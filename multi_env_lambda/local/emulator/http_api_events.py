"""What a function gets of a request to an HTTP API, in the two forms that API Gateway has for it.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from .api_calls import front_end, new_id, request_time
from .names import load, original

__all__ = ["Request", "event_of"]

_OF_NOBODY = (
    *("accessKey", "accountId", "caller", "cognitoAmr", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)


class Request(NamedTuple):
    """A request that a route was found for; names of headers are in lower case."""

    api: str
    stage: str
    route: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, list[str]]
    raw_query: str
    variables: Mapping[str, str]
    account: str
    region: str

    @property
    def host(self) -> str:
        return f"{self.api}.execute-api.{self.region}.amazonaws.com"

    @property
    def sent_path(self) -> str:
        """A named stage is part of what was asked for."""
        return self.path if self.stage == "$default" else f"/{self.stage}{self.path}"

    @property
    def sent_headers(self) -> dict[str, str]:
        """With those of the front end; the host is the one on AWS."""
        length = {"content-length": str(len(self.body))}
        return {**length, **self.headers, **front_end(self.host)}


def event_of(form: str, asked: Request, authorizer: Any) -> dict[str, Any]:
    """``form`` is ``1.0`` or ``2.0``, ``authorizer`` what the authorizer of the route says, by its kind."""
    return _first(asked, authorizer) if form == "1.0" else _second(asked, authorizer)


def _body(asked: Request) -> tuple[str | None, bool]:
    if not asked.body:
        return None, False
    is_text = original(load("ministack.services.apigateway"), "_v2_request_body_is_text")
    if is_text(asked.headers.get("content-type")):
        return asked.body.decode("utf-8", errors="replace"), False
    return base64.b64encode(asked.body).decode("ascii"), True


def _second(asked: Request, authorizer: Any) -> dict[str, Any]:
    """What there is none of is left out."""
    body, is_encoded = _body(asked)
    named = {name: ",".join(values) for name, values in asked.query.items()}
    headers = {name: text for name, text in asked.sent_headers.items() if name != "cookie"}
    cookies = [text.strip() for text in asked.headers.get("cookie", "").split(";") if text.strip()]
    return {
        "version": "2.0",
        "routeKey": asked.route,
        "rawPath": asked.sent_path,
        "rawQueryString": asked.raw_query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": named} if named else {}),
        "requestContext": {
            "accountId": asked.account,
            "apiId": asked.api,
            **({"authorizer": authorizer} if authorizer else {}),
            "domainName": asked.host,
            "domainPrefix": asked.api,
            "http": {
                "method": asked.method,
                "path": asked.sent_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": asked.headers.get("user-agent", ""),
            },
            "requestId": new_id(),
            "routeKey": asked.route,
            "stage": asked.stage,
            "time": request_time(),
            "timeEpoch": int(time.time() * 1000),
        },
        **({"pathParameters": dict(asked.variables)} if asked.variables else {}),
        **({} if body is None else {"body": body}),
        "isBase64Encoded": is_encoded,
    }


def _first(asked: Request, authorizer: Any) -> dict[str, Any]:
    """What there is none of is null."""
    body, is_encoded = _body(asked)
    headers = asked.sent_headers
    resource = asked.route.partition(" ")[2] or asked.route
    number = new_id()
    said = _as_in_the_first_form(authorizer)
    return {
        "version": "1.0",
        "resource": resource,
        "path": asked.sent_path,
        "httpMethod": asked.method,
        "headers": headers,
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in asked.query.items()} or None,
        "multiValueQueryStringParameters": dict(asked.query) or None,
        "requestContext": {
            "accountId": asked.account,
            "apiId": asked.api,
            **({"authorizer": said} if said else {}),
            "domainName": asked.host,
            "domainPrefix": asked.api,
            "extendedRequestId": number,
            "httpMethod": asked.method,
            "identity": {
                **dict.fromkeys(_OF_NOBODY),
                "sourceIp": "127.0.0.1",
                "userAgent": asked.headers.get("user-agent", ""),
            },
            "path": asked.sent_path,
            "protocol": "HTTP/1.1",
            "requestId": number,
            "requestTime": request_time(),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourceId": asked.route,
            "resourcePath": resource,
            "stage": asked.stage,
        },
        "pathParameters": dict(asked.variables) or None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": is_encoded,
    }


def _as_in_the_first_form(authorizer: Any) -> Any:
    """Claims by themselves, and the context of a function at the top."""
    if not authorizer:
        return None
    if "jwt" in authorizer:
        return {"claims": authorizer["jwt"]["claims"], "scopes": authorizer["jwt"]["scopes"]}
    return authorizer.get("lambda")
