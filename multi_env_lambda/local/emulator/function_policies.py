"""The permissions of a function or alias form one policy, which may have 20,480 bytes.

Reason: ministack accepts any number of permissions, so a function with about fifty events can be deployed only here.
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
Text: https://github.com/serverless/serverless/issues/5357
"""

from __future__ import annotations

import json
from typing import Any

from .names import load, original

__all__ = ["patch"]

_MOST_BYTES = 20_480
_TOO_LONG = "The final policy size ({size}) is bigger than the limit ({most})."


def patch() -> None:
    """Measure the policy after a permission was added, and remove that again if the policy is too large."""
    functions = load("ministack.services.lambda_svc")
    add, respond = original(functions, "_add_permission"), original(functions, "error_response_json")
    stored = original(functions, "_functions")

    def added(name: str, *more: Any, **named: Any) -> Any:
        answer = add(name, *more, **named)
        if answer[0] != 201:
            return answer
        statements = stored[name]["policy"]["Statement"]
        size = _size([one for one in statements if one["Resource"] == statements[-1]["Resource"]])
        if size <= _MOST_BYTES:
            return answer
        statements.pop()
        return respond("PolicyLengthExceededException", _TOO_LONG.format(size=size, most=_MOST_BYTES), 400)

    functions._add_permission = added


def _size(statements: list[Any]) -> int:
    document = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return len(json.dumps(document, separators=(",", ":")).encode("utf-8"))
