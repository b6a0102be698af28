"""An alias with a second version gets the share of the calls that its routing configuration says, and is measured.

Reason: ministack stores the weights and sends every call to the first version, so a canary could not be seen; and it
counts invocations and errors by function only, so nobody could tell which version fails.
"""

from __future__ import annotations

import random
from typing import Any

from .names import load, original

__all__ = ["patch"]


def patch() -> None:
    """Choose the version before ministack resolves the alias."""
    functions = load("ministack.services.lambda_svc")
    invoke = original(functions, "_invoke")
    first_of = original(functions, "_qp_first")
    stored = original(functions, "_functions")

    async def weighted(
        name: str, event: Any, headers: Any, path_qualifier: str | None = None, query_params: Any = None
    ) -> Any:
        query = query_params or {}
        qualifier = path_qualifier or first_of(query, "Qualifier")
        answer = await routed(name, event, headers, path_qualifier, query, qualifier)
        if qualifier in (stored.get(name) or {}).get("aliases", {}):
            _count(name, qualifier, answer[1])
        return answer

    async def routed(
        name: str, event: Any, headers: Any, path_qualifier: str | None, query: Any, qualifier: str | None
    ) -> Any:
        alias = (stored.get(name) or {}).get("aliases", {}).get(qualifier or "") or {}
        version = _chosen((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})
        if version is None:
            return await invoke(name, event, headers, path_qualifier, query)
        rest = {key: value for key, value in query.items() if key != "Qualifier"}
        return await invoke(name, event, headers, version, rest)

    functions._invoke = weighted


def _count(name: str, alias: str, headers: dict[str, str]) -> None:
    """The dimensions of an alias, as in AWS: with the version that ran, and without."""
    record = original(load("ministack.services.cloudwatch"), "record_metric")
    resource = {"FunctionName": name, "Resource": f"{name}:{alias}"}
    failed = int(any(header.lower() == "x-amz-function-error" for header in headers))
    version = headers.get("X-Amz-Executed-Version", "")
    for dimensions in (resource, {**resource, "ExecutedVersion": version}):
        record("AWS/Lambda", "Invocations", 1, "Count", dimensions)
        record("AWS/Lambda", "Errors", failed, "Count", dimensions)


def _chosen(weights: dict[str, Any]) -> str | None:
    drawn = random.random()
    for version, weight in weights.items():
        if drawn < float(weight):
            return version
        drawn -= float(weight)
    return None
