"""The module that calls a WSGI application, such as one of Flask, with a request of API Gateway."""

from __future__ import annotations

from multi_env_lambda.adopt.python_text import import_of

__all__ = ["wsgi_handler"]

_MODULE = '''"""Calls the application `{app}` with the requests that API Gateway sends: both forms of a payload."""

import base64
import io
import sys
from urllib.parse import unquote, urlencode

{imported}
_TEXTS = ("text/", "application/json", "application/javascript", "application/xml", "application/vnd.api+json")


def handler(event, context):
    answer = {{}}

    def start_response(status, headers, exc_info=None):
        answer.update(status=int(status.split(" ", 1)[0]), headers=headers)
        return written.append

    written = []
    parts = _APP(_environ(event, context), start_response)
    try:
        body = b"".join([*written, *parts])
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return _answer(event, answer, body)


def _environ(event, context):
    is_new = event.get("version") == "2.0"
    request = event["requestContext"]
    http = request["http"] if is_new else event
    stage = request.get("stage") or ""
    path = unquote(event["rawPath"] if is_new else event["path"])
    prefix = f"/{{stage}}" if is_new and stage not in ("", "$default") and path.startswith(f"/{{stage}}/") else ""
    body = event.get("body") or ""
    data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8")
    headers = {{name.lower(): value for name, value in (event.get("headers") or {{}}).items()}}
    if is_new and event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    environ = {{
        "REQUEST_METHOD": http["method"] if is_new else event["httpMethod"],
        "SCRIPT_NAME": prefix or ("" if is_new or "amazonaws.com" not in headers.get("host", "") else f"/{{stage}}"),
        "PATH_INFO": path[len(prefix):].encode("utf-8").decode("latin-1") or "/",
        "QUERY_STRING": event["rawQueryString"] if is_new else _query(event),
        "REMOTE_ADDR": http["sourceIp"] if is_new else request.get("identity", {{}}).get("sourceIp") or "",
        "SERVER_NAME": headers.get("host", "lambda").partition(":")[0],
        "SERVER_PORT": headers.get("x-forwarded-port", "443"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": headers.get("x-forwarded-proto", "https"),
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "serverless.event": event,
        "serverless.context": context,
        "serverless.authorizer": request.get("authorizer"),
    }}
    environ.update(("HTTP_" + name.upper().replace("-", "_"), value) for name, value in headers.items())
    return environ


def _query(event):
    many = event.get("multiValueQueryStringParameters")
    return urlencode(many or event.get("queryStringParameters") or {{}}, doseq=bool(many))


def _answer(event, answer, body):
    headers, cookies = {{}}, []
    for name, value in answer["headers"]:
        if name.lower() == "set-cookie":
            cookies.append(value)
        else:
            headers[name] = value
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "text/plain")
    encoded = any(name.lower() == "content-encoding" for name in headers)
    is_text = not encoded and ("charset=" in kind or kind.startswith(_TEXTS))
    found = {{
        "statusCode": answer["status"],
        "headers": headers,
        "body": body.decode("utf-8") if is_text else base64.b64encode(body).decode("ascii"),
        "isBase64Encoded": not is_text,
    }}
    if cookies and event.get("version") == "2.0":
        found["cookies"] = cookies
    elif cookies:
        found["multiValueHeaders"] = {{"Set-Cookie": cookies}}
    return found
'''


def wsgi_handler(app: str) -> str:
    """The text of the module for an application such as ``app.app`` or ``api/app.app``."""
    module, _, name = app.rpartition(".")
    folder, _, module = module.rpartition("/")
    imported = import_of(module, name, "_APP")
    if folder:
        path = f"os.path.join(os.path.dirname(os.path.abspath(__file__)), {folder!r})"
        imported = f"import os\n\nsys.path.insert(0, {path})\n{imported}"
    return _MODULE.format(app=app, imported=imported)
