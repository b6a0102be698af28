"""An alias with a second version splits calls by its routing configuration, no matter what calls it.

Reason: ministack stores the weights and sends every call to the first version, so a canary had no effect, neither for
direct calls nor for those from a queue, a stream, a rule or a bucket.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import random
from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["called_alias", "patch"]

_ALIAS = "alias that was called"
_by_invoke: ContextVar[tuple[str, str]] = ContextVar("by_invoke", default=("", ""))


def called_alias(function: dict[str, Any], name: str) -> str:
    """The alias through which this record of the function ``name`` was run; empty if none."""
    called, alias = _by_invoke.get()
    return str(function.get(_ALIAS) or (alias if called == name else ""))


def patch() -> None:
    """Choose the version before ministack resolves the alias in Invoke, and for other callers when they look it up."""
    functions = load("ministack.services.lambda_svc")
    invoke = original(functions, "_invoke")
    first_of = original(functions, "_qp_first")
    stored = original(functions, "_functions")
    look_up = original(functions, "_effective_func_record_for_qualifier")
    execute = original(functions, "_execute_function")

    async def weighted(
        name: str, event: Any, headers: Any, path_qualifier: str | None = None, query_params: Any = None
    ) -> Any:
        query = query_params or {}
        qualifier = path_qualifier or first_of(query, "Qualifier") or ""
        alias = (stored.get(name) or {}).get("aliases", {}).get(qualifier)
        token = _by_invoke.set((name, qualifier if alias is not None else ""))
        try:
            version = _chosen(alias)
            if version is None:
                return await invoke(name, event, headers, path_qualifier, query)
            rest = {key: value for key, value in query.items() if key != "Qualifier"}
            return await invoke(name, event, headers, version, rest)
        finally:
            _by_invoke.reset(token)

    def marked(function: dict[str, Any] | None, qualifier: str | None) -> Any:
        record, config = look_up(function, qualifier)
        is_alias = record is not None and qualifier in ((function or {}).get("aliases") or {})
        return ({**record, _ALIAS: qualifier} if is_alias else record), config

    def divided(function: dict[str, Any], event: Any) -> Any:
        config, alias = function.get("config") or {}, function.get(_ALIAS)
        there = stored.get(config.get("FunctionName", "")) or {}
        record, _ = look_up(there, _chosen(there.get("aliases", {}).get(alias)) or "") if alias else (None, None)
        if record is not None:
            arn = {"FunctionArn": config.get("FunctionArn")}
            function = {**record, "config": {**record["config"], **arn}, _ALIAS: alias}
        return execute(function, event)

    functions._invoke = weighted
    functions._effective_func_record_for_qualifier = marked
    functions._execute_function = divided


def _chosen(alias: dict[str, Any] | None) -> str | None:
    """One of the additional versions, or None."""
    drawn = random.random()
    weights = ((alias or {}).get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version, weight in weights.items():
        if drawn < float(weight):
            return str(version)
        drawn -= float(weight)
    return None
