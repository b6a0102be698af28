"""CloudWatch counts each run of a function, no matter what started it, under all of AWS's dimensions.

Reason: ministack counts only calls of Invoke, so the alarm of a function that a queue or schedule calls never triggers.
An asynchronous call counts as a success immediately and its failures do not count; a throttled call counts as a run;
and the dimensions for versions and aliases are missing.
Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html (`Invocations` has no throttled
requests) and https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html (dimensions)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .names import load, original
from .weighted_alias import called_alias

__all__ = ["patch"]


def patch() -> None:
    """Measure where every run passes, and no longer where ministack did."""
    functions = load("ministack.services.lambda_svc")
    execute = original(functions, "_execute_function")
    original(functions, "_emit_lambda_metrics")  # ends the process if there is none to be silenced
    is_of_another_account = original(functions, "_function_config_scope_mismatch")

    def measured(function: dict[str, Any], event: Any) -> Any:
        config = function.get("config") or function
        if is_of_another_account(config):
            return execute(function, event)  # which comes back here, as that account
        started = time.monotonic()
        result = execute(function, event)
        _record(list(_dimensions(function, config)), result, 1000 * (time.monotonic() - started))
        return result

    functions._execute_function = measured
    functions._emit_lambda_metrics = lambda *args, **named: None


def _dimensions(function: dict[str, Any], config: dict[str, Any]) -> Iterator[dict[str, str]]:
    name, version = str(config.get("FunctionName", "")), str(config.get("Version", "$LATEST"))
    alias = called_alias(function, name)
    qualifier = alias or ("" if version == "$LATEST" else version)
    resource = {"FunctionName": name, "Resource": f"{name}:{qualifier}" if qualifier else name}
    yield {"FunctionName": name}
    yield resource
    if alias:
        yield {**resource, "ExecutedVersion": version}


def _record(all_dimensions: list[dict[str, str]], result: dict[str, Any], milliseconds: float) -> None:
    record = original(load("ministack.services.cloudwatch"), "record_metric")
    for dimensions in all_dimensions:
        if result.get("throttle"):
            record("AWS/Lambda", "Throttles", 1, "Count", dimensions)
            continue
        record("AWS/Lambda", "Invocations", 1, "Count", dimensions)
        record("AWS/Lambda", "Errors", int(bool(result.get("error"))), "Count", dimensions)
        record("AWS/Lambda", "Throttles", 0, "Count", dimensions)
        record("AWS/Lambda", "Duration", milliseconds, "Milliseconds", dimensions)
