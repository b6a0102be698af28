"""What a function gets of a request to a REST API, as API Gateway's proxy integration writes it.

Reason: ministack writes the form of HTTP APIs, with a version and headers in lower case, and leaves out the domain and
those of the caller that are null.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
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
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
)
_NOT_TOLD = ("connection", "content-length", "transfer-encoding")


class Request(NamedTuple):
    """A request that a method was found for; names of headers are in lower case."""

    api: str
    stage: str
    deployment: str
    resource: Mapping[str, Any]
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, list[str]]
    variables: Mapping[str, str]
    stage_variables: Mapping[str, str]
    account: str
    region: str
    request: str
    key: Mapping[str, Any]
    binary: tuple[str, ...]

    @property
    def host(self) -> str:
        return f"{self.api}.execute-api.{self.region}.amazonaws.com"

    @property
    def sent_headers(self) -> dict[str, str]:
        """In the usual spelling, since the server does not know the caller's; with those of the front end."""
        kept = {name: text for name, text in self.headers.items() if name not in _NOT_TOLD}
        return {name.title(): text for name, text in {**kept, **front_end(self.host)}.items()}


def event_of(asked: Request, authorizer: Any, caller: Mapping[str, Any] | None) -> dict[str, Any]:
    """``authorizer`` is what the authorizer of the method says, ``caller`` who signed the request."""
    headers, path = asked.sent_headers, asked.resource["path"]
    body, is_encoded = _body(asked)
    key = {"apiKey": asked.key["value"], "apiKeyId": asked.key["id"]} if asked.key else {}
    agent = asked.headers.get("user-agent", "")
    identity = {**dict.fromkeys(_OF_NOBODY), "sourceIp": "127.0.0.1", "userAgent": agent, **(caller or {}), **key}
    return {
        "resource": path,
        "path": asked.path,
        "httpMethod": asked.method,
        "headers": headers,
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in asked.query.items()} or None,
        "multiValueQueryStringParameters": dict(asked.query) or None,
        "pathParameters": dict(asked.variables) or None,
        "stageVariables": dict(asked.stage_variables) or None,
        "requestContext": {
            "accountId": asked.account,
            "apiId": asked.api,
            **({"authorizer": authorizer} if authorizer else {}),
            "deploymentId": asked.deployment,
            "domainName": asked.host,
            "domainPrefix": asked.api,
            "extendedRequestId": new_id(),
            "httpMethod": asked.method,
            "identity": identity,
            "path": f"/{asked.stage}{asked.path}",
            "protocol": "HTTP/1.1",
            "requestId": asked.request,
            "requestTime": request_time(),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourceId": asked.resource["id"],
            "resourcePath": path,
            "stage": asked.stage,
        },
        "body": body,
        "isBase64Encoded": is_encoded,
    }


def _body(asked: Request) -> tuple[str | None, bool]:
    """Bytes only where the API names their media type."""
    if not asked.body:
        return None, False
    matches = original(load("ministack.services.apigateway_v1"), "_media_type_matches")
    if matches(asked.headers.get("content-type"), asked.binary):
        return base64.b64encode(asked.body).decode("ascii"), True
    return asked.body.decode("utf-8", errors="replace"), False
