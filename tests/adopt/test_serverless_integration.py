"""The module that stands between API Gateway and a function with ``integration: lambda``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.adopt.serverless_integration import integration_module, integration_of

Handler = Callable[[Any, object], Any]

FUNCTION = """
def create(event, context):
    if event.get("body") == {"fail": 1}:
        raise ValueError("[404] there is no such order")
    if event.get("body") == {"fail": 2}:
        raise KeyError("unknown")
    return event["body"]["html"] if "html" in event.get("body", {}) else event
"""
ROUTES = {
    "POST /orders/{id}": integration_of({"cors": True, "response": {"statusCodes": {"201": {"pattern": ""}}}}),
    "ANY /page": integration_of(
        {"response": {"headers": {"Content-Type": "'text/html'"}, "template": "$input.path('$')"}}
    ),
}


@pytest.fixture(params=["function_of_a_test", "function-of-a-test"])
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Handler]:
    (tmp_path / f"{request.param}.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(tmp_path)
    scope: dict[str, Any] = {"__name__": "create_as_integrated"}
    exec(compile(integration_module(f"{request.param}.create", ROUTES), "module.py", "exec"), scope)
    yield scope["handler"]
    sys.modules.pop(request.param, None)


def asked(body: str, resource: str = "/orders/{id}", **more: Any) -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "resource": resource,
        "pathParameters": {"id": "7"},
        "queryStringParameters": None,
        "headers": {"Content-Type": "application/json"},
        "requestContext": {
            "stage": "dev",
            "identity": {"sourceIp": "192.0.2.1"},
            "authorizer": {"claims": {"sub": "me"}, "principalId": "you"},
        },
        "body": body,
        **more,
    }


def test_the_function_gets_the_short_table_of_serverless_and_returns_the_body(handler: Handler) -> None:
    answer = handler(asked('{"a": [1]}'), None)
    assert answer["statusCode"] == 201
    assert answer["headers"] == {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    assert json.loads(answer["body"]) == {
        "body": {"a": [1]},
        "method": "POST",
        "principalId": "you",
        "stage": "dev",
        "cognitoPoolClaims": {"sub": "me"},
        "enhancedAuthContext": {"principalId": "you"},
        "headers": {"Content-Type": "application/json"},
        "query": {},
        "path": {"id": "7"},
        "identity": {"sourceIp": "192.0.2.1"},
        "stageVariables": {},
        "requestPath": "/orders/{id}",
    }


def test_an_error_with_a_status_is_an_answer_and_any_other_one_an_error(handler: Handler) -> None:
    answer = handler(asked('{"fail": 1}'), None)
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["errorType"] == "ValueError"
    with pytest.raises(KeyError):
        handler(asked('{"fail": 2}'), None)


def test_a_page_is_a_text_and_a_form_is_a_table(handler: Handler) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = handler(asked("html=%3Cp%3E", "/page", headers=form), None)
    assert answer == {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>"}


def test_what_is_no_request_goes_through(handler: Handler) -> None:
    assert handler({"source": "aws.events", "body": {}}, None) == {"source": "aws.events", "body": {}}
