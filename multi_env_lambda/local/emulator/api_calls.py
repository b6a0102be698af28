"""What the local cloud does for HTTP APIs and REST APIs alike: it finds an API, and calls the function behind it.

Source of who may call: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["call", "finder", "front_end", "may_call", "new_id", "of_id", "request_time"]


# --- APIs ---
def finder(stored: Any) -> Callable[[str], tuple[str, str] | None]:
    """What finds the account and region of an API."""

    def scope_of(api: str) -> tuple[str, str] | None:
        """An id is of one account, no matter who asks."""
        return next(((account, region) for (account, region, name), _ in stored.all_items() if name == api), None)

    return scope_of


def of_id(stored: Any, api: str) -> Any:
    """What is stored for an API, no matter who asks; empty if there is nothing."""
    return next((value for (_, _, name), value in stored.all_items() if name == api), {})


# --- calls ---
def may_call(arn: str, source: str) -> bool:
    """Whether the function exists there, and its policy lets this API call it for this route."""
    functions, responses = load("ministack.services.lambda_svc"), load("ministack.core.responses")
    evaluator = load("ministack.core.iam_evaluator")
    _, config, name = original(functions, "_get_func_record_for_ref")(arn)
    if config is None:
        return False
    account, region = responses.get_account_id(), responses.get_region()
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=region,
        service_context={
            "aws:sourcearn": f"arn:aws:execute-api:{region}:{account}:{source}",
            "aws:sourceaccount": account,
        },
    )
    function = original(functions, "_functions").get_scoped(account, arn.split(":")[3], name)
    policy = (function or {}).get("policy") or {}
    decision = evaluator.evaluate_resource_policy(policy, context, service="apigateway.amazonaws.com").decision
    return bool(decision == "Allow")


async def call(service: Any, arn: str, event: Mapping[str, Any], *, seconds: float, thread_name: str) -> Any:
    """What became of a call of a function; ``service`` is ministack's module of the API.

    Raises:
        TimeoutError: it takes longer than ``seconds``.
    """
    functions = load("ministack.services.lambda_svc")
    record, config, _ = functions._get_func_record_for_ref(arn)
    running = service.run_reentrant(
        functions._execute_function_with_config_scope,
        functions._execution_record_for_config(record, config),
        event,
        thread_name=thread_name,
    )
    return await asyncio.wait_for(running, seconds)


# --- parts of an event ---
def front_end(host: str) -> dict[str, str]:
    """The headers that a request has only on its way through API Gateway."""
    return {
        "host": host,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}",
    }


def new_id() -> str:
    return base64.b64encode(secrets.token_bytes(11)).decode("ascii")


def request_time() -> str:
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
