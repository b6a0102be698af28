"""What a caller of an HTTP API gets for what a function returned, and nothing that API Gateway would not send.

Whatever is not in one of the documented forms is the function's mistake: 500. In the form 2.0, an answer without
``statusCode`` is sent as JSON.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["answer_of", "message"]

_Answer = tuple[int, dict[str, Any], bytes]


def message(status: int, text: str) -> _Answer:
    """In API Gateway's own words."""
    return status, {"Content-Type": "application/json"}, json.dumps({"message": text}, separators=(",", ":")).encode()


def answer_of(form: str, returned: Any) -> _Answer:
    """``returned`` is what a handler returned, or its JSON."""
    found = _value(returned)
    if form == "2.0" and not (isinstance(found, Mapping) and "statusCode" in found):
        return 200, {"Content-Type": "application/json"}, _as_json(found)
    if not isinstance(found, Mapping) or not _is_well_formed(found, form):
        return message(500, "Internal Server Error")
    return int(found["statusCode"]), _headers(found, form), _body(found)


def _value(returned: Any) -> Any:
    if not isinstance(returned, str | bytes):
        return returned
    try:
        return json.loads(returned)
    except ValueError:
        return returned.decode("utf-8", "replace") if isinstance(returned, bytes) else returned


def _as_json(found: Any) -> bytes:
    """A text is sent as it is."""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text.encode("utf-8")


def _is_well_formed(found: Mapping[str, Any], form: str) -> bool:
    status, body, headers = found.get("statusCode"), found.get("body"), found.get("headers") or {}
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        return False
    if not isinstance(body, str | None) or not isinstance(headers, Mapping):
        return False
    if any(not isinstance(value, str | int | float) for value in headers.values()):
        return False
    many = found.get("multiValueHeaders") or {}
    cookies = found.get("cookies") or []
    if not isinstance(many, Mapping) or not all(isinstance(values, list) for values in many.values()):
        return False
    if form == "2.0" and not (isinstance(cookies, list) and all(isinstance(each, str) for each in cookies)):
        return False
    return not found.get("isBase64Encoded") or _decoded(body or "") is not None


def _headers(found: Mapping[str, Any], form: str) -> dict[str, Any]:
    sent: dict[str, Any] = {"content-type": "text/plain;charset=UTF-8"}
    sent |= {name.lower(): _text(value) for name, value in (found.get("headers") or {}).items()}
    if form == "1.0":
        many = found.get("multiValueHeaders") or {}
        sent |= {name.lower(): [_text(value) for value in values] for name, values in many.items()}
    elif found.get("cookies"):
        sent["set-cookie"] = list(found["cookies"])
    return {
        name: ",".join(text) if isinstance(text, list) and name != "set-cookie" else text for name, text in sent.items()
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _body(found: Mapping[str, Any]) -> bytes:
    text = found.get("body") or ""
    return (_decoded(text) or b"") if found.get("isBase64Encoded") else text.encode("utf-8")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
