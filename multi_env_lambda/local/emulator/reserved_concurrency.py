"""Lambda keeps part of an account's concurrency unreserved, CloudFormation applies the reservation in a template, and a
function never runs more often at once than is reserved for it, across all aliases and versions; with 0 it does not run.

Reason: ministack lets an account reserve everything, ignores ``ReservedConcurrentExecutions`` in templates, and does
not count calls of versions. A new account has a limit of 10, so nothing can be reserved there.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html; of what is refused
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (``TooManyRequestsException`` and its ``Reason``)
Text: https://github.com/aws-samples/one-observability-demo/issues/278
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original

__all__ = ["patch"]

_FUNCTION = "AWS::Lambda::Function"
_PROPERTY = "ReservedConcurrentExecutions"
_LIMIT, _LIMIT_OF_THE_YOUNG = 1000, 10
_UNRESERVED = 100
_REFUSED = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
    "minimum value of [{least}]."
)


def patch(*, young: bool) -> None:
    """``young``: all accounts have the limit of new ones."""
    functions = load("ministack.services.lambda_svc")
    stored, respond = original(functions, "_functions"), original(functions, "error_response_json")
    limit = _LIMIT_OF_THE_YOUNG if young else _LIMIT

    def unreserved(without: str = "") -> int:
        return limit - sum(int(stored[name].get("concurrency") or 0) for name in stored if name != without)

    def check(name: str, wanted: int) -> None:
        least = min(limit, _UNRESERVED)
        if wanted and unreserved(name) - wanted < least:
            raise LambdaRefusal("InvalidParameterValueException", 400, _REFUSED.format(least=least))

    put, settings = original(functions, "_put_function_concurrency"), original(functions, "_get_account_settings")

    def reserve(name: str, data: dict[str, Any]) -> Any:
        return unless_refused(lambda: check(name, int(data.get(_PROPERTY, 0))), lambda: put(name, data), respond)

    def told() -> Any:
        status, headers, body = settings()
        document = json.loads(body)
        document["AccountLimit"] |= {
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": unreserved(),
        }
        return status, headers, json.dumps(document).encode("utf-8")

    functions._put_function_concurrency, functions._get_account_settings = reserve, told
    _patch_calls(functions, stored)
    _patch_resource(stored, check)


def _patch_calls(functions: Any, stored: Any) -> None:
    """The record of a version does not include its function's reservation."""
    refuse = original(functions, "_throttle_response")
    original(functions, "_reserved_concurrency")

    def reserved(function: Any, config: dict[str, Any]) -> int | None:
        found = (stored.get(config.get("FunctionName", "")) or {}).get("concurrency")
        return None if found is None else int(found)

    def refused(reason_code: str, msg: str, retry_after: int = 1) -> Any:
        return refuse(reason_code, "Rate Exceeded.", retry_after)

    functions._reserved_concurrency, functions._throttle_response = reserved, refused


def _patch_resource(stored: Any, check: Callable[[str, int], None]) -> None:
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = resources[_FUNCTION]

    def reserving(run: Callable[..., Any], place: int) -> Callable[..., Any]:
        """``place`` is the position of the new properties among the arguments."""

        def reserved(*args: Any, **named: Any) -> Any:
            wanted = args[place].get(_PROPERTY)
            name = args[place].get("FunctionName", "")
            if wanted is not None:
                try:
                    check(name, int(wanted))
                except LambdaRefusal as refusal:
                    text = f'Resource handler returned message: "{refusal} (Service: Lambda, Status Code: 400)"'
                    raise ValueError(f"{text} (HandlerErrorCode: InvalidRequest)") from refusal
            answer = run(*args, **named)
            if name in stored:
                stored[name]["concurrency"] = None if wanted is None else int(wanted)
            return answer

        return reserved

    resources[_FUNCTION] = {
        **steps,
        "create": reserving(steps["create"], 1),
        "update": reserving(steps["update"], 2),
    }
