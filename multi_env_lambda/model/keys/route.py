"""The keys of a route: of what sends requests of an HTTP API or a REST API to a function."""

from __future__ import annotations

from multi_env_lambda.model.key import Choice, Flag, Key, Keys, Text, Texts
from multi_env_lambda.model.keys.api import PAYLOADS

__all__ = ["HEADER", "HTTP", "MOST_SCOPES", "REST"]

HEADER = "[[tool.multi_env_lambda.functions.main.events]]"
"""As a table of an event begins."""

MOST_SCOPES = 10

HTTP = Keys(
    title="A route of the HTTP API",
    header=HEADER,
    about=":doc:`../02-How-To/answer-http-requests` has examples. API Gateway accepts up to 300 routes "
    "per API; two of\n"
    "them that it cannot tell apart are refused.",
    keys=(
        Key(
            "http",
            Text(allowed="a route such as ``GET /orders/{id}``, or ``$default``"),
            "Method and path. ``ANY`` takes every method, ``{path+}`` the rest of a path, ``$default`` "
            "everything else.",
            'http = "GET /orders/{id}"',
        ),
        Key(
            "authorizer",
            Text(None, ""),
            "Who may call it: ``none``, ``iam``, or a key of ``http_api.authorizers``.",
            'http = "POST /orders"\nauthorizer = "iam"',
            default="that of ``http_api``",
        ),
        Key(
            "scopes",
            Texts(most=MOST_SCOPES),
            "Scopes of which a token must have one. The authorizer must be one of tokens.",
            'http = "POST /orders"\nauthorizer = "login"\nscopes = ["orders:write"]',
        ),
        Key(
            "payload",
            Choice(PAYLOADS),
            "The form in which the function gets a request: :doc:`what-your-handler-gets`.",
            'http = "POST /orders"\npayload = "1.0"',
            default="that of ``http_api``",
        ),
    ),
)

REST = Keys(
    title="A route of the REST API",
    header=HEADER,
    about=":doc:`../02-How-To/rest-apis` says when to take one. On one level of its paths it accepts only one "
    "variable.",
    keys=(
        Key(
            "rest",
            Text(allowed="a route such as ``GET /orders/{id}``"),
            "Method and path. ``ANY`` takes every method, ``{path+}`` the rest of a path.",
            'rest = "GET /orders/{id}"',
        ),
        Key(
            "authorizer",
            Text(None, ""),
            "Who may call it: ``none``, ``iam``, or a key of ``rest_api.authorizers``.",
            'rest = "POST /orders"\nauthorizer = "iam"',
            default="that of ``rest_api``",
        ),
        Key(
            "scopes",
            Texts(most=MOST_SCOPES),
            "Scopes of which an access token must have one. The authorizer must be one of user pools.",
            'rest = "POST /orders"\nauthorizer = "login"\nscopes = ["orders/write"]',
        ),
        Key(
            "api_key",
            Flag(False),
            "Whether the caller has to send an API key of ``rest_api.usage_plan``, too.",
            'rest = "POST /orders"\napi_key = true',
            default="that of ``rest_api``",
        ),
    ),
)
