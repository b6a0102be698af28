"""A service accepts a limited number of requests per second, account and region.

Reason: ministack accepts any number, so code that asks for 50 functions at once performs as well as code that does not.
Sources, of what AWS publishes about the calls of this library:

- https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (*Lambda API requests*: GetFunction 100,
  GetPolicy 15, the rest of the control plane together 15, in a second; calls of functions are not among them)
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html (DescribeAlarms 9,
  GetMetricStatistics 400)
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (STS: 600, of whose credentials call)

Of CloudFormation, SQS, Glue's runs of jobs and DescribeParameters no rate was found that AWS publishes. S3 takes at
least 3,500 writes and 5,500 reads a second below a prefix, and DescribeSecret 40,000: nothing here comes near.

How many may come at once after a pause is not published; here it is what one second gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["Bucket", "patch"]

_RATES = {
    "cloudwatch:DescribeAlarms": 9.0,
    "cloudwatch:GetMetricStatistics": 400.0,
    "lambda:GetFunction": 100.0,
    "lambda:GetPolicy": 15.0,
    "sts": 600.0,
}
_REST = "the rest of Lambda's control plane"
_REST_RATE = 15.0
_NOT_COUNTED = frozenset({"lambda:InvokeFunction", "lambda:InvokeFunctionUrl"})

_SAID = "Rate exceeded"


class Bucket:
    """A token bucket: tokens come back at ``rate`` per second, up to ``rate`` of them."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._tokens, self._seen = rate, rate, now

    def take(self, now: float) -> bool:
        """Take a token; whether there was one."""
        self._tokens = min(self._rate, self._tokens + max(0.0, now - self._seen) * self._rate)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970."""
    responses = load("ministack.core.responses")
    buckets: dict[tuple[str, str, str], Bucket] = {}

    def taken(name: str) -> bool:
        key = (responses.get_account_id(), responses.get_region(), name)
        return buckets.setdefault(key, Bucket(_RATES.get(name, _REST_RATE), now())).take(now())

    _limit_lambda(taken)
    _limit_cloudwatch(taken)
    _limit_sts(taken)


def _limit_lambda(taken: Callable[[str], bool]) -> None:
    functions = load("ministack.services.lambda_svc")
    handle = original(functions, "handle_request")
    respond = original(load("ministack.core.responses"), "error_response_json")
    actions = load("ministack.core.iam_actions")
    original(actions, "extract_iam_action")  # asked for at each request: another rule corrects it

    async def limited(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        action = actions.extract_iam_action("lambda", method, path, headers, body, query_params)
        if action not in _NOT_COUNTED and not taken(action if action in _RATES else _REST):
            return respond("TooManyRequestsException", _SAID, 429)
        return await handle(method, path, headers, body, query_params)

    functions.handle_request = limited


def _limit_cloudwatch(taken: Callable[[str], bool]) -> None:
    cloudwatch = load("ministack.services.cloudwatch")
    respond = original(cloudwatch, "_error")

    def limit(operation: str, name: str) -> None:
        run = original(cloudwatch, operation)

        def limited(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
            if not taken(name):
                return respond("Throttling", _SAID, 400, use_json=is_json, use_cbor=is_cbor)
            return run(params, data, is_cbor, is_json)

        setattr(cloudwatch, operation, limited)

    limit("_describe_alarms", "cloudwatch:DescribeAlarms")
    limit("_get_metric_statistics", "cloudwatch:GetMetricStatistics")


def _limit_sts(taken: Callable[[str], bool]) -> None:
    sts = load("ministack.services.sts")
    handle, respond = original(sts, "handle_request"), original(sts, "_error")

    async def limited(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        if not taken("sts"):
            return respond(400, "Throttling", _SAID, ns="sts")
        return await handle(method, path, headers, body, query_params)

    sts.handle_request = limited
