"""What botocore tells while it calls: which attempts it makes again, and how long a call takes."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from multi_env_lambda.host.retrying import Retries
from multi_env_lambda.host.timing import keep

__all__ = ["note_retries", "time_calls"]

_BEGUN = "multi_env_lambda_begun"
_FAILED = "multi_env_lambda_failed"


def note_retries(client: Any, retries: Retries) -> None:
    """Count what this client retries."""
    client.meta.events.register("needs-retry", partial(_note_retry, retries))


def _note_retry(retries: Retries, **answer: Any) -> None:
    """One attempt of a request has ended: after each, botocore asks its handlers whether to retry.

    Source: https://github.com/boto/botocore/blob/develop/botocore/endpoint.py (``_needs_retry``)
    """
    context, attempt = answer["request_dict"]["context"], answer["attempts"]
    if attempt > 1:
        code, text = context.get(_FAILED, ("", ""))
        retries.note(answer["operation"].name, code, text)
    error = answer["caught_exception"]
    parsed = {} if answer["response"] is None else answer["response"][1].get("Error", {})
    code = parsed.get("Code", "") if error is None else type(error).__name__
    context[_FAILED] = code, parsed.get("Message", "") if error is None else str(error)


def time_calls(client: Any) -> None:
    """From the first attempt to the last answer; that of a call which raises ends as well."""

    def begins(context: dict[str, Any], **_: Any) -> None:
        context[_BEGUN] = time.perf_counter()

    def ends(context: dict[str, Any], event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:3]
        keep("call", f"{service} {operation}", context.get(_BEGUN, time.perf_counter()))

    client.meta.events.register("before-call", begins)
    client.meta.events.register("after-call", ends)
    client.meta.events.register("after-call-error", ends)
