"""The module that is written for an application of WSGI, called with both forms of a request."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.adopt.serverless_wsgi import wsgi_handler

Handler = Callable[[dict[str, Any], object], dict[str, Any]]

APPLICATION = """
def application(environ, start_response):
    path = environ["PATH_INFO"]
    sent = environ["wsgi.input"].read()
    if path == "/image":
        start_response("200 OK", [("Content-Type", "image/png")])
        return [b"\\x89PNG"]
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    start_response("201 Created", headers)
    words = environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], environ.get("HTTP_COOKIE", ""), sent.decode()
    return ["|".join(words).encode()]
"""


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[Handler]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "wsgi_application_of_a_test.py").write_text(APPLICATION)
    file = tmp_path / "wsgi_handler.py"
    before = list(sys.path)
    scope: dict[str, Any] = {"__file__": str(file), "__name__": "wsgi_handler"}
    exec(compile(wsgi_handler("web/wsgi_application_of_a_test.application"), str(file), "exec"), scope)
    try:
        yield scope["handler"]
    finally:
        sys.path[:] = before
        sys.modules.pop("wsgi_application_of_a_test", None)


def new(path: str, **more: Any) -> dict[str, Any]:
    http = {"method": "POST", "path": path, "sourceIp": "192.0.2.1"}
    stage = more.pop("stage", "$default")
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "a=1&a=2",
        "cookies": ["x=1", "y=2"],
        "headers": {"host": "abc.execute-api.eu-west-1.amazonaws.com", "content-type": "text/plain"},
        "requestContext": {"http": http, "stage": stage},
        "isBase64Encoded": False,
        **more,
    }


def old(path: str, **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "httpMethod": "PUT",
        "headers": {"Host": "abc.execute-api.eu-west-1.amazonaws.com", "Cookie": "x=1"},
        "multiValueQueryStringParameters": {"a": ["1", "2 3"]},
        "requestContext": {"stage": "dev", "identity": {"sourceIp": "192.0.2.1"}},
        "body": None,
        "isBase64Encoded": False,
        **more,
    }


def test_both_forms_of_a_request_are_answered(handler: Handler) -> None:
    answer = handler(new("/orders/\u00e9", body="hi"), None)
    assert answer["statusCode"] == 201
    assert answer["body"].encode().decode("utf-8").startswith("POST|/orders/")
    assert answer["body"].endswith("|a=1&a=2|x=1; y=2|hi")
    assert answer["cookies"] == ["a=1", "b=2"]

    answer = handler(old("/orders"), None)
    assert answer["body"] == "PUT|/orders|a=1&a=2+3|x=1|"
    assert answer["multiValueHeaders"] == {"Set-Cookie": ["a=1", "b=2"]}


def test_bytes_are_sent_and_received_in_base64(handler: Handler) -> None:
    body = base64.b64encode("\u00fc".encode()).decode()
    assert handler(new("/x", body=body, isBase64Encoded=True), None)["body"].endswith("|\u00fc")
    answer = handler(old("/image"), None)
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"]) == b"\x89PNG"


def test_a_named_stage_is_no_part_of_the_path(handler: Handler) -> None:
    assert "POST|/orders|" in handler(new("/dev/orders", stage="dev"), None)["body"]
