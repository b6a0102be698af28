"""What a caller of a REST API gets for what a function returned, and nothing that API Gateway would not send.

Reason: ministack sends whatever a function returns, and the message of its error. Whatever is not in the documented
form is the function's mistake: 502, without a reason.
Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["FAILED", "answer_of", "without_a_function"]

_Answer = tuple[int, dict[str, Any], bytes]

_STATUS = re.compile(r"[2-5][0-9]{2}", re.ASCII)
"""What ends a request; one below 200 would leave the caller waiting for another."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
FAILED: _Answer = (
    502,
    {"Content-Type": "application/json", "x-amzn-ErrorType": "InternalServerErrorException"},
    b'{"message": "Internal server error"}',
)


def answer_of(returned: Any, accept: str, binary: tuple[str, ...]) -> _Answer:
    """``returned`` is what a handler returned, or its JSON; ``binary`` are the API's media types of bytes."""
    found = _value(returned)
    if not isinstance(found, Mapping) or not _is_well_formed(found):
        return FAILED
    text = found.get("body") or ""
    matches = original(load("ministack.services.apigateway_v1"), "_media_type_matches")
    try:
        body = text.encode("utf-8")
    except UnicodeEncodeError:  # half of a character
        return FAILED
    if found.get("isBase64Encoded") and matches(accept.partition(",")[0], binary):
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return FAILED
    return int(found["statusCode"]), _headers(found), body


def without_a_function(behind: Mapping[str, Any]) -> _Answer:
    """The answer that an API has for a method, with its fixed headers and no text."""
    answers = behind.get("integrationResponses") or {}
    chosen: Mapping[str, Any] = next((each for each in answers.values() if not each.get("selectionPattern")), {})
    start = "method.response.header."
    headers = {
        name.removeprefix(start): str(text).strip("'")
        for name, text in (chosen.get("responseParameters") or {}).items()
        if name.startswith(start)
    }
    return int(chosen.get("statusCode", 200)), headers, b""


def _value(returned: Any) -> Any:
    if not isinstance(returned, str | bytes):
        return returned
    try:
        return json.loads(returned)
    except ValueError:
        return None


def _is_well_formed(found: Mapping[str, Any]) -> bool:
    """A status may be a text of digits: AWS's own examples write it so."""
    status, headers, many = found.get("statusCode"), found.get("headers"), found.get("multiValueHeaders")
    if isinstance(status, bool) or _STATUS.fullmatch(str(status)[:9]) is None:
        return False
    if not found.keys() <= _KEYS or not isinstance(found.get("body"), str | None):
        return False
    if not isinstance(headers or {}, Mapping) or not isinstance(many or {}, Mapping):
        return False
    if not all(_NAME.fullmatch(name) for name in (*(headers or {}), *(many or {}))):
        return False
    texts = [*(headers or {}).values()]
    for values in (many or {}).values():
        if not isinstance(values, list):
            return False
        texts += values
    return all(isinstance(each, str | int | float) and _CONTROLS.search(_text(each)) is None for each in texts)


def _headers(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of two with one name, those in the list count."""
    sent: dict[str, tuple[str, Any]] = {"content-type": ("Content-Type", "application/json")}
    for name, value in (found.get("headers") or {}).items():
        sent[name.lower()] = (name, _text(value))
    for name, values in (found.get("multiValueHeaders") or {}).items():
        if values:
            sent[name.lower()] = (name, [_text(value) for value in values])
    return dict(sent.values())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
