"""Access control: web pages and callers without credentials are refused.

Reason: ministack accepts any 12-digit access key as the root of that account whatever the signature is, leaves
/_ministack/* open to everybody, allows every origin and ignores the Host header. Any user of the machine, and any page
in the developer's browser, could run code as the developer. Here requests from pages are refused first. An account's
root and the emulator's own endpoints require the secret of this start, and every other request a valid signature,
except for what AWS serves to everybody, too: function URLs and APIs (ministack checks whether they are public), the
keys of user pools, and pre-signed links. A page may call an API whose CORS settings name its origin.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

from . import http_apis, rest_apis
from .messages import answer, joined, read
from .names import load, original
from .signatures import Request, body_failure, failure, is_signed, needs_body, request_of

__all__ = ["SECRET_HEADER", "patch_links", "wrap"]

SECRET_HEADER = "x-local-cloud-secret"
"""For the emulator's own doors; a page cannot send it without asking first, and is not answered."""

_Application = Callable[..., Awaitable[None]]

_OWN_DOORS = re.compile(r"/(_ministack|_localstack)(/.*)?|/health", re.DOTALL)
_CAPABILITIES = re.compile(r"/_ministack/cfn-(response|signal)/[0-9a-f-]{36}")
"""Where CloudFormation waits for an answer: on AWS a pre-signed link. The token is 122 random bits."""
_PUBLIC = re.compile(r"/_aws/(lambda-url/[^/]+(/.*)?|execute-api/[^/]+/.*)", re.DOTALL)
_KEYS_OF_A_POOL = re.compile(r"/[\w-]+_[0-9A-Za-z]+/\.well-known/(jwks\.json|openid-configuration)", re.ASCII)
"""By which the tokens of a user pool are verified."""
_OF_AN_API = re.compile(r"/_aws/execute-api/([0-9a-z]+)/")
_NAMES = re.compile(r"(127\.0\.0\.1|localhost):(\d+)")
_URL_HOST = re.compile(r"([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.localhost:(\d+)")
_BAD_REQUESTS = ("AuthorizationQueryParametersError", "InvalidArgument", "XAmzContentSHA256Mismatch")
_LINK_TOKEN = "local-cloud-token"


def wrap(application: _Application, port: int, secret: str) -> _Application:
    """The same ASGI application for authorised requests."""

    async def guarded(scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "lifespan":
            return await application(scope, receive, send)
        if scope["type"] != "http":
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        scope = _with_url_id_in_path(scope, port)
        refusal = _foreign(scope)
        if refusal:
            return await answer(send, 403, {"Content-Type": "text/plain"}, refusal.encode())
        send = send if _PUBLIC.fullmatch(scope["path"]) else _without_cors(send)
        if _OWN_DOORS.fullmatch(scope["path"]):
            if _may_use_own_door(scope, port, secret):
                return await application(scope, receive, send)
            return await answer(
                send, 403, {"Content-Type": "text/plain"}, b"this endpoint needs the secret of the server's start"
            )
        request = request_of(scope)
        is_public = _PUBLIC.fullmatch(scope["path"]) or _KEYS_OF_A_POOL.fullmatch(scope["path"])
        if is_public and not is_signed(request) and _is_exact(scope, port):
            return await application(scope, receive, send)
        messages = await read(receive) if needs_body(request) else []
        refused = failure(request, joined(messages), secret)
        if not refused:
            messages = messages or await read(receive)
            refused = body_failure(request, [message.get("body", b"") for message in messages])
        receive = _again(messages, receive)
        if refused:
            return await answer(send, *_refused(request, *refused))
        await application(scope, receive, send)

    return guarded


def patch_links(secret: str) -> None:
    """Add a proof to the links to code and layers in Lambda's responses, as AWS does with pre-signed links."""
    functions = load("ministack.services.lambda_svc")

    def signed(url: str) -> str:
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        return f"{url}{'&' if '?' in url else '?'}{_LINK_TOKEN}={_token(path, secret)}"

    code, layer = original(functions, "_presigned_code_url"), original(functions, "_layer_content_url")
    functions._presigned_code_url = lambda name: signed(code(name))
    functions._layer_content_url = lambda name, version: signed(layer(name, version))


def _token(path: str, secret: str) -> str:
    return hmac.new(secret.encode(), path.encode(), hashlib.sha256).hexdigest()


def _values(scope: Mapping[str, Any], name: str) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name.encode()]


def _with_url_id_in_path(scope: Any, port: int) -> Any:
    """A function URL with its id in the host name, as the one with the id in the path: one place handles both."""
    hosts = _values(scope, "host")
    found = _URL_HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if found is None or found[2] != str(port):
        return scope
    prefix = f"/_aws/lambda-url/{found[1]}"
    raw_path = prefix.encode() + (scope.get("raw_path") or scope["path"].encode())
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != b"host"]
    headers.append((b"host", f"127.0.0.1:{port}".encode()))
    return {**scope, "path": prefix + scope["path"], "raw_path": raw_path, "headers": headers}


def _foreign(scope: Any) -> str:
    """Why a request cannot come from a program on this machine; empty if it can."""
    hosts, origins, sites = (_values(scope, name) for name in ("host", "origin", "sec-fetch-site"))
    if len(hosts) != 1 or not _NAMES.fullmatch(hosts[0]):
        # A page whose name was made to mean 127.0.0.1 still says its own name here.
        return "the local cloud responds only to 127.0.0.1 and localhost"
    api = _OF_AN_API.match(scope["path"])
    if api and len(origins) == 1 and _serves_page(api[1], origins[0]):
        return ""  # its own table says so; API Gateway answers pages, too
    if any(origin != f"http://{hosts[0]}" for origin in origins):
        return "the local cloud does not serve web pages"
    if any(site not in ("none", "same-origin") for site in sites):
        return "the local cloud does not serve web pages"
    return ""


def _serves_page(api: str, origin: str) -> bool:
    return http_apis.serves_page(api, origin) or rest_apis.serves_page(api, origin)


def _is_exact(scope: Any, port: int) -> bool:
    """The Host header is signed, so a signed request may name another port (proxies in tests). All others must name
    ours.
    """
    found = _NAMES.fullmatch(_values(scope, "host")[0])
    return found is not None and found[2] == str(port)


def _may_use_own_door(scope: Any, port: int, secret: str) -> bool:
    if not _is_exact(scope, port):
        return False
    given = _values(scope, SECRET_HEADER)
    if len(given) == 1 and hmac.compare_digest(given[0].encode(), secret.encode()):
        return True
    if scope["method"] == "PUT" and _CAPABILITIES.fullmatch(scope["path"]):
        return True
    tokens = request_of(scope).query.get(_LINK_TOKEN, [])
    is_link = scope["method"] == "GET" and len(tokens) == 1
    return is_link and hmac.compare_digest(tokens[0].encode(), _token(scope["path"], secret).encode())


def _again(messages: list[Any], receive: Any) -> Any:
    """A ``receive`` that returns the body that was read already."""
    waiting = iter(messages)

    async def again() -> Any:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return again


def _without_cors(send: Any) -> Any:
    """No page may read a response, whatever ministack says."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sending


def _refused(request: Request, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    """In the protocol of the requested service."""
    gateway = load("ministack.app")
    denied = SimpleNamespace(code=code, message=message)
    try:
        shown = original(gateway, "_credential_failure")(
            request.service, "", str(uuid.uuid4()), denied, request.headers
        )
    except Exception:  # noqa: BLE001 -- an unknown service is refused all the same
        text = json.dumps({"__type": code, "message": message}).encode()
        return 403, {"Content-Type": "application/x-amz-json-1.1"}, text
    status, headers, body = shown
    status = 400 if code in _BAD_REQUESTS else status
    return status, headers, b"" if request.method == "HEAD" else body
