"""Asynchronous calls are retried, and their failures sent on, as configured for the alias or version that was called.

Reason: ministack stores the settings of every qualifier but uses only those of ``$LATEST``, so an alias's destination
received nothing, and its retry settings were ignored.
Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html (`Qualifier`)
"""

from __future__ import annotations

from typing import Any

from .names import load, original
from .weighted_alias import called_alias

__all__ = ["patch"]


def patch() -> None:
    """Attach the settings to what is run, where ministack reads them."""
    functions = load("ministack.services.lambda_svc")
    call, stored = original(functions, "invoke_async_with_retry"), original(functions, "_functions")
    place = original(functions, "_account_region_from_function_config")
    settings = original(functions, "_event_invoke_config")

    def called(function: dict[str, Any], event: Any) -> None:
        config = function.get("config") or function
        name, version = str(config.get("FunctionName", "")), str(config.get("Version", "$LATEST"))
        there = stored.get_scoped(*place(config), name) or {}
        found = settings(there, called_alias(function, name) or version)
        call({**function, "config": config, "event_invoke_config": found, "event_invoke_configs": {}}, event)

    functions.invoke_async_with_retry = called
