"""Routes with ``integration: lambda``: a module that is written makes the request that the function knows.

Serverless makes API Gateway change each request into a short table, and what the function returns into the answer. The
module does the same with the default templates. Templates of the project's own are programs, which do not run here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.adopt.python_text import import_of
from multi_env_lambda.adopt.serverless_service import at
from multi_env_lambda.adopt.serverless_values import Filled, Value, plain

__all__ = ["integration_module", "integration_of", "obstacle_in"]

_RAW = re.compile(r"\s*\$input\.path\((['\"])\$\1\)\s*")
_FIXED = re.compile(r"'([^']*)'")
_STATUSES = {
    **{code: rf"[\s\S]*\[{code}\][\s\S]*" for code in (400, 401, 403, 404, 422, 502)},
    500: r"[\s\S]*(Process\s?exited\s?before\s?completing\s?request|\[500\])[\s\S]*",
    504: r"([\s\S]*\[504\][\s\S]*)|(.*Task timed out after \d+\.\d+ seconds$)",
}
"""By the message of an error.

Source: https://www.serverless.com/framework/docs/providers/aws/events/apigateway#status-codes
"""

_MODULE = '''"""Calls `{handler}` with the requests of API Gateway in the form of Serverless's `integration: lambda`."""

import base64
import json
import re
from urllib.parse import parse_qsl

{imported}

_ROUTES = {routes}
_STATUSES = {statuses}


def handler(event, context):
    if not isinstance(event, dict) or "httpMethod" not in event or "requestContext" not in event:
        return _function(event, context)
    resource = event.get("resource")
    route = _ROUTES.get(f"{{event['httpMethod']}} {{resource}}") or _ROUTES.get(f"ANY {{resource}}") or {{}}
    try:
        answer = _function(_request(event), context)
    except Exception as error:
        statuses = {{**_STATUSES, **route.get("statuses", {{}})}}
        status = next((code for code, pattern in statuses.items() if re.fullmatch(pattern, str(error))), None)
        if status is None:
            raise
        return _answer(route, status, {{"errorMessage": str(error), "errorType": type(error).__name__}})
    return _answer(route, route.get("status", 200), answer)


def _answer(route, status, answer):
    is_text = route.get("raw") and isinstance(answer, str)
    headers = {{"Content-Type": "application/json", **route.get("headers", {{}})}}
    return {{"statusCode": status, "headers": headers, "body": answer if is_text else json.dumps(answer)}}


def _request(event):
    context = event["requestContext"]
    authorizer = context.get("authorizer") or {{}}
    claims = authorizer.get("claims") or {{}}
    return {{
        "body": _body(event),
        "method": event["httpMethod"],
        "principalId": authorizer.get("principalId", ""),
        "stage": context.get("stage", ""),
        "cognitoPoolClaims": {{"sub": claims.get("sub", ""), **claims}},
        "enhancedAuthContext": {{name: value for name, value in authorizer.items() if name != "claims"}},
        "headers": event.get("headers") or {{}},
        "query": event.get("queryStringParameters") or {{}},
        "path": event.get("pathParameters") or {{}},
        "identity": context.get("identity") or {{}},
        "stageVariables": event.get("stageVariables") or {{}},
        "requestPath": event.get("resource", ""),
    }}


def _body(event):
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = base64.b64decode(text).decode("utf-8")
    headers = {{name.lower(): value for name, value in (event.get("headers") or {{}}).items()}}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text) if text else {{}}
    except ValueError:
        return text
'''


def integration_module(handler: str, routes: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a module whose ``handler`` calls that of the project.

    Args:
        handler: such as ``src/orders.create``. routes: by method and path, what :func:`integration_of` returns.
    """
    module, _, name = handler.replace("/", ".").rpartition(".")
    imported = import_of(module, name, "_function")
    return _MODULE.format(handler=handler, imported=imported, routes=_written(routes), statuses=_written(_STATUSES))


def _written(table: Mapping[Any, Any]) -> str:
    return "{\n" + "".join(f"    {key!r}: {value!r},\n" for key, value in table.items()) + "}" if table else "{}"


def obstacle_in(value: Value) -> str | None:
    """Why no module can stand in for the integration of this event; None if one can."""
    response = at(value, "response")
    if at(value, "request", "template") is not None:
        return "`request.template` changes requests in the language of API Gateway, which has no key here"
    codes = at(response, "statusCodes")
    tables = [response, *(codes.values() if isinstance(codes, dict) else ())]
    templates = (at(one, "template") for one in tables)
    if any(one is not None and not (isinstance(one, str) and _RAW.fullmatch(one)) for one in templates):
        return "`response.template` changes answers in the language of API Gateway, which has no key here"
    headers = [each for one in tables for each in _items(at(one, "headers")).values()]
    if not all(isinstance(each, (str, Filled)) and _FIXED.fullmatch(plain(each)) for each in headers):
        return "a header that is taken from the answer has no key here"
    return None


def integration_of(value: Value) -> dict[str, Any]:
    """How a route answers: its headers, its status, the patterns of its errors, and whether texts stay as they are."""
    response, cors = at(value, "response"), at(value, "cors")
    headers = {name: _fixed(each) for name, each in _items(at(response, "headers")).items()}
    if cors:
        origin = at(cors, "origin") or next(iter(_list(at(cors, "origins"))), "*")
        headers.setdefault("Access-Control-Allow-Origin", _fixed(origin))
        if at(cors, "allowCredentials") is True:
            headers.setdefault("Access-Control-Allow-Credentials", "true")
    patterns = {
        int(code): str(at(one, "pattern") or "")
        for code, one in _items(at(response, "statusCodes")).items()
        if str(code).isdecimal()
    }
    status = next((code for code, pattern in patterns.items() if not pattern), 200)
    statuses = {code: pattern for code, pattern in patterns.items() if pattern}
    return {
        **({"headers": headers} if headers else {}),
        **({"status": status} if status != 200 else {}),
        **({"statuses": statuses} if statuses else {}),
        **({"raw": True} if at(response, "template") is not None else {}),
    }


def _fixed(value: Value) -> str:
    return _FIXED.sub(r"\1", plain(value)) if isinstance(value, (str, Filled)) else "*"


def _items(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
