"""Turns what a handler returns into the bytes that Lambda answers with, by the rules of its Python runtime.

Those are the rules of simplejson, which the runtime brings but this process must not import: the user did not ask for
it. It runs under every Python that Lambda offers, in a clean interpreter, and must import nothing but the standard
library.

Sources:
    https://github.com/aws/aws-lambda-python-runtime-interface-client (`lambda_runtime_marshaller.py`, `bootstrap.py`,
    and `tests/test_lambda_runtime_marshaller.py`: NaN is written as NaN, letters as they are from Python 3.12 on)
    https://github.com/simplejson/simplejson (`encoder.py`)
    What is too long: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; the wording:
    https://github.com/getmoto/moto (`tests/test_awslambda/test_lambda_invoke.py`)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

MAX_BYTES = 6_291_556
_Quote = Callable[[str], str]
_Put = Callable[[str], None]


def outcome(returned: Any, request_id: str) -> dict[str, Any]:
    """The message about a call that ended: ``payload``, with a character per byte, or ``error`` and its ``details``."""
    try:
        payload = marshalled(returned)
    except Exception as error:
        message = f"Unable to marshal response: {error}"
        details = {"errorType": "Runtime.MarshalError", "requestId": request_id, "stackTrace": []}
        return {"status": "error", "error": message, "details": {"errorMessage": message, **details}}
    if len(payload) > MAX_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_BYTES} bytes)."
        details = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
        return {"status": "error", "error": message, "details": details}
    return {"status": "ok", "payload": payload.decode("latin-1")}


def marshalled(returned: Any, *, escapes: bool = sys.version_info < (3, 12)) -> bytes:
    """Bytes as they are, all else as JSON; ``escapes``: whether non-ASCII letters are escaped.

    Raises:
        TypeError, ValueError: there is no JSON for it, in simplejson's words.
    """
    if isinstance(returned, bytes):
        return returned
    quoted = json.encoder.encode_basestring_ascii if escapes else json.encoder.encode_basestring
    parts: list[str] = []
    _write(returned, quoted, parts.append, set())
    return "".join(parts).encode()


def _write(value: Any, quoted: _Quote, put: _Put, around: set[int]) -> None:
    if isinstance(value, (str, bytes)):
        put(quoted(value if isinstance(value, str) else value.decode()))
    elif value is None or isinstance(value, (int, float)):
        put(str(value) if type(value) is int else json.dumps(value))
    elif _is_decimal(value):
        put("NaN" if value.is_nan() else str(value))
    elif id(value) in around:
        raise ValueError("Circular reference detected")
    else:
        around.add(id(value))
        _write_more(value, quoted, put, around)
        around.remove(id(value))


def _write_more(value: Any, quoted: _Quote, put: _Put, around: set[int]) -> None:
    """What contains others."""
    if (fields := _fields(value)) is not None:
        for number, (key, item) in enumerate(fields.items()):
            put(", " if number else "{")
            put(quoted(_name(key)))
            put(": ")
            _write(item, quoted, put, around)
        put("}" if fields else "{}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            put(", " if number else "[")
            _write(item, quoted, put, around)
        put("]" if value else "[]")
    else:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _is_decimal(value: Any) -> bool:
    # Without the import, which takes time: if it was not imported, there is none.
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


def _fields(value: Any) -> Any:
    """For a dictionary, and for what can be one, such as named tuples."""
    as_dictionary = None if isinstance(value, list) else getattr(value, "_asdict", None)
    if not callable(as_dictionary):
        return value if isinstance(value, dict) else None
    try:
        fields = as_dictionary()
    except TypeError:  # for example of a class
        return value if isinstance(value, dict) else None
    if not isinstance(fields, dict):
        raise TypeError(f"_asdict() must return a dict, not {type(fields).__name__}")
    return fields


def _name(key: Any) -> str:
    if isinstance(key, (str, bytes)):
        return key if isinstance(key, str) else key.decode()
    if key is None or isinstance(key, (int, float)):
        return json.dumps(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
