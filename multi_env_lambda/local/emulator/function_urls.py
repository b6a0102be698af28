"""A function URL without authentication is served only if the function's policy has both statements for it, and takes
requests up to 6 MB.

Reason: ministack serves every URL whose type is ``NONE``, with a policy or without, and takes any length; so a public
URL works here that answers 403 on AWS.
Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html (both, since October 2025) and
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_MOST_BYTES = 6_291_456
_BY_URL, _INVOKE = "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"
_FORBIDDEN = {
    "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
}


def patch() -> None:
    """Look at the policy and the length before the function is called."""
    functions = load("ministack.services.lambda_svc")
    serve, resolve = original(functions, "handle_function_url_request"), original(functions, "resolve_function_url")
    stored = original(functions, "_functions")

    async def served(
        url_id: str, method: str, path: str, headers: Any, body: bytes, query: Any, resolved: Any = None, **more: Any
    ) -> Any:
        found = resolved or resolve(url_id)
        if found is not None:
            account_id, region, name, qualifier, config = found
            function = stored.get_scoped(account_id, region, name) or {}
            if config.get("AuthType") == "NONE" and not _is_public(function, qualifier):
                return _said(403, "AccessDeniedException", _FORBIDDEN)
            if len(body) > _MOST_BYTES:
                return _said(413, "RequestEntityTooLargeException", {"message": "Request Entity Too Large"})
        return await serve(url_id, method, path, headers, body, query, resolved=found, **more)

    functions.handle_function_url_request = served


def _is_public(function: Mapping[str, Any], qualifier: str | None) -> bool:
    """Whether everybody may call the URL, and by it the function."""
    found = [one for one in _statements(function, qualifier) if one.get("Effect") == "Allow" and _anyone(one)]
    by_url = any(one.get("Action") == _BY_URL and _asks(one, "lambda:FunctionUrlAuthType", "NONE") for one in found)
    invoke = any(one.get("Action") == _INVOKE and _asks(one, "lambda:InvokedViaFunctionUrl", "true") for one in found)
    return by_url and invoke


def _statements(function: Mapping[str, Any], qualifier: str | None) -> Iterator[Mapping[str, Any]]:
    """Those about the function itself, or about the alias that has the URL."""
    for one in function.get("policy", {}).get("Statement", ()):
        about = str(one.get("Resource", "")).split(":", 6)[-1].partition(":")[2]
        if about == (qualifier or ""):
            yield one


def _anyone(statement: Mapping[str, Any]) -> bool:
    return statement.get("Principal") in ("*", {"AWS": "*"})


def _asks(statement: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether its only condition is this one, or it has none."""
    conditions = [(name, wanted) for each in statement.get("Condition", {}).values() for name, wanted in each.items()]
    return all((name, str(wanted).lower()) == (key, value.lower()) for name, wanted in conditions)


def _said(status: int, kind: str, body: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return status, headers, json.dumps(body).encode("utf-8")
