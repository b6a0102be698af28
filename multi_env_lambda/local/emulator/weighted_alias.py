"""An alias with a second version gets the share of the calls that its routing configuration says.

Reason: ministack stores the weights and sends every call to the first version, so a canary could not be seen.
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
        alias = (stored.get(name) or {}).get("aliases", {}).get(qualifier or "") or {}
        version = _chosen((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})
        if version is None:
            return await invoke(name, event, headers, path_qualifier, query_params)
        rest = {key: value for key, value in query.items() if key != "Qualifier"}
        return await invoke(name, event, headers, version, rest)

    functions._invoke = weighted


def _chosen(weights: dict[str, Any]) -> str | None:
    drawn = random.random()
    for version, weight in weights.items():
        if drawn < float(weight):
            return version
        drawn -= float(weight)
    return None
