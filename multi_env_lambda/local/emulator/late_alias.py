"""An alias that was just moved still answers with its old version for a moment.

Reason: many machines serve Lambda's calls, and one of them may not know the change yet. A check that ignores which
version answered would mistake the old version's answer for the new one's. Invoke returns the version for that reason:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (``X-Amz-Executed-Version``). No bound is
documented; a second is typical.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["LATE_SECONDS", "patch"]

LATE_SECONDS = 1.0

_Key = tuple[str, str, str]


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970. Must be patched before what chooses between the versions of an alias."""
    functions = load("ministack.services.lambda_svc")
    stored, first_of = original(functions, "_functions"), original(functions, "_qp_first")
    account_id = original(load("ministack.core.responses"), "get_account_id")
    update, invoke = original(functions, "_update_alias"), original(functions, "_invoke")
    moved: dict[_Key, tuple[float, str]] = {}

    def updated(name: str, alias: str, data: dict[str, Any]) -> Any:
        before = _version(stored, name, alias)
        answer = update(name, alias, data)
        if before and before != _version(stored, name, alias):
            moved[account_id(), name, alias] = (now(), before)
        return answer

    async def invoked(
        name: str, event: Any, headers: Any, path_qualifier: str | None = None, query_params: Any = None
    ) -> Any:
        query = query_params or {}
        alias = path_qualifier or first_of(query, "Qualifier") or ""
        when, version = moved.get((account_id(), name, alias), (0.0, ""))
        if now() >= when + LATE_SECONDS or version not in (stored.get(name) or {}).get("versions", {}):
            return await invoke(name, event, headers, path_qualifier, query_params)
        rest = {key: value for key, value in query.items() if key != "Qualifier"}
        return await invoke(name, event, headers, version, rest)

    functions._update_alias, functions._invoke = updated, invoked


def _version(stored: Any, name: str, alias: str) -> str:
    found = (stored.get(name) or {}).get("aliases", {}).get(alias) or {}
    return str(found.get("FunctionVersion", ""))
