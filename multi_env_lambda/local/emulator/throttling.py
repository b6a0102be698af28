"""Lambda's control plane takes so many requests a second of an account in a region, and no more.

Reason: ministack takes any number, so code that asks for 50 functions at once is as good as code that does not.
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (*Lambda API requests*: GetFunction 100,
GetPolicy 15, the rest of the control plane together 15, in a second; calls of functions are not among them)

How many may come at once after a pause is not published; here it is what one second gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["Bucket", "patch"]

_RATES = {"lambda:GetFunction": 100.0, "lambda:GetPolicy": 15.0}
_REST = "the rest of the control plane"
_REST_RATE = 15.0
_NOT_COUNTED = frozenset({"lambda:InvokeFunction", "lambda:InvokeFunctionUrl"})


class Bucket:
    """Tokens that come back at ``rate`` a second, ``rate`` of them at most."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._tokens, self._seen = rate, rate, now

    def take(self, now: float) -> bool:
        """Whether there was one."""
        self._tokens = min(self._rate, self._tokens + max(0.0, now - self._seen) * self._rate)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970."""
    functions, responses = load("ministack.services.lambda_svc"), load("ministack.core.responses")
    handle, respond = original(functions, "handle_request"), original(responses, "error_response_json")
    actions = load("ministack.core.iam_actions")
    original(actions, "extract_iam_action")  # asked for at each request: another rule corrects it
    buckets: dict[tuple[str, str, str], Bucket] = {}

    async def limited(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        action = actions.extract_iam_action("lambda", method, path, headers, body, query_params)
        if action not in _NOT_COUNTED:
            name = action if action in _RATES else _REST
            key = (responses.get_account_id(), responses.get_region(), name)
            bucket = buckets.setdefault(key, Bucket(_RATES.get(name, _REST_RATE), now()))
            if not bucket.take(now()):
                return respond("TooManyRequestsException", "Rate exceeded", 429)
        return await handle(method, path, headers, body, query_params)

    functions.handle_request = limited
