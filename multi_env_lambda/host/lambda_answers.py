"""What a handler returns becomes the bytes that Lambda answers with, by the rules of its Python runtime.

Those are the rules of simplejson, which the runtime brings and this process must not import: it is not the user's.
It runs under every Python that Lambda offers, in a clean interpreter, and must import nothing but the standard library.

Sources:
    https://github.com/aws/aws-lambda-python-runtime-interface-client (`lambda_runtime_marshaller.py`, `bootstrap.py`,
    and `tests/test_lambda_runtime_marshaller.py`: NaN is written as NaN, letters as they are from Python 3.12 on)
    https://github.com/simplejson/simplejson (`encoder.py`)
    What is too long: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html; in which words:
    https://github.com/getmoto/moto (`tests/test_awslambda/test_lambda_invoke.py`)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

MAX_BYTES = 6_291_556


def outcome(returned: Any, request_id: str) -> dict[str, Any]:
    """The message about a call that ended: ``payload``, a byte a character, or ``error`` and its ``details``."""
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
    """Bytes as they are, all else as JSON; ``escapes``: whether other letters than those of ASCII are written so.

    Raises:
        TypeError, ValueError: there is no JSON for it, in the words of simplejson.
    """
    if isinstance(returned, bytes):
        return returned
    return "".join(_parts(returned, json.JSONEncoder(ensure_ascii=escapes), set())).encode()


def _parts(value: Any, plain: json.JSONEncoder, around: set[int]) -> Iterator[str]:
    if value is None or isinstance(value, (str, int, float)):
        yield plain.encode(value)
    elif isinstance(value, bytes):
        yield plain.encode(value.decode())
    elif _is_decimal(value):
        yield "NaN" if value.is_nan() else str(value)
    elif id(value) in around:
        raise ValueError("Circular reference detected")
    elif (fields := _fields(value)) is not None:
        yield from _object(fields, plain, around | {id(value)})
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield ", " if number else "["
            yield from _parts(item, plain, around | {id(value)})
        yield "]" if value else "[]"
    else:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _is_decimal(value: Any) -> bool:
    # Without the import, which takes time: where nobody imported it, there is none.
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


def _fields(value: Any) -> Any:
    """Of a dictionary, and of what can be one, as named tuples."""
    as_dictionary = None if isinstance(value, list) else getattr(value, "_asdict", None)
    if not callable(as_dictionary):
        return value if isinstance(value, dict) else None
    fields = as_dictionary()
    if not isinstance(fields, dict):
        raise TypeError(f"_asdict() must return a dict, not {type(fields).__name__}")
    return fields


def _object(fields: dict[Any, Any], plain: json.JSONEncoder, around: set[int]) -> Iterator[str]:
    for number, (key, item) in enumerate(fields.items()):
        yield ", " if number else "{"
        yield plain.encode(_name(key)) + ": "
        yield from _parts(item, plain, around)
    yield "}" if fields else "{}"


def _name(key: Any) -> str:
    if isinstance(key, (str, bytes)):
        return key if isinstance(key, str) else key.decode()
    if key is None or isinstance(key, (int, float)):
        return json.dumps(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
