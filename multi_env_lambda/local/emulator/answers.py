"""A function's failure reads as Lambda words it, and a function that cannot run fails.

Reason: ministack calls every error of a handler ``Runtime.HandlerError`` without a stack trace, and answers
"Mock response" with status 200 for what it cannot run. Its log shows the worker's own frames.
Text: https://github.com/aws/aws-lambda-python-runtime-interface-client, ``bootstrap.py``, which writes the log line
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch", "with_error_details"]

_MOCK = "Mock response"
_INIT_FAILED = "Worker init failed: "

_AFTER_CALL = '"error": str(e), "trace": traceback.format_exc()})'
_AFTER_CALL_DETAILED = (
    '"error": str(e), "trace": (f"[ERROR] {type(e).__name__}: {e}\\nTraceback (most recent call last):\\n" + '
    '"".join(traceback.format_tb(e.__traceback__)[1:])).replace(code_dir, "/var/task"), '
    '"details": {"errorType": type(e).__name__, "requestId": context.aws_request_id, "stackTrace": '
    '[line.replace(code_dir, "/var/task") for line in traceback.format_tb(e.__traceback__)[1:]]}})'
)
_AFTER_INIT = 'json.dumps({"status": "error", "error": str(e)})'
_AFTER_INIT_DETAILED = (
    'json.dumps({"status": "error", "error": json.dumps('
    '{"errorType": "Runtime.ImportModuleError", '
    '"errorMessage": f"Unable to import module \'{module_name}\': {e}"} if isinstance(e, ImportError) else '
    '{"errorType": "Runtime.HandlerNotFound", '
    "\"errorMessage\": f\"Handler '{handler_name}' missing on module '{module_name}'\"} "
    "if isinstance(e, AttributeError) and 'mod' in dir() else "
    '{"errorType": type(e).__name__, "errorMessage": str(e)})})'
)


def with_error_details(worker: str) -> str:
    """The source of the process that runs a handler, telling more about errors."""
    for before, after in ((_AFTER_CALL, _AFTER_CALL_DETAILED), (_AFTER_INIT, _AFTER_INIT_DETAILED)):
        if worker.count(before) != 1:
            raise SystemExit("the worker script of ministack.core.lambda_runtime has changed: it cannot be patched")
        worker = worker.replace(before, after)
    return worker


def patch() -> None:
    """Reword the results of the executors."""
    functions, runtime = load("ministack.services.lambda_svc"), load("ministack.core.lambda_runtime")
    last = threading.local()  # executor and worker run in the same thread
    runtime.Worker.invoke = _remembering(original(runtime.Worker, "invoke"), last)
    functions._execute_function_warm = _detailed(original(functions, "_execute_function_warm"), last)
    functions._execute_function_dispatch = _never_mocked(original(functions, "_execute_function_dispatch"))


def _remembering(invoke: Callable[..., Any], last: threading.local) -> Callable[..., Any]:
    def remember(*args: Any, **kwargs: Any) -> Any:
        last.details = {}
        answer = invoke(*args, **kwargs)
        last.details = answer.get("details", {})
        return answer

    return remember


def _detailed(execute: Callable[..., Any], last: threading.local) -> Callable[..., Any]:
    def detailed(*args: Any, **kwargs: Any) -> Any:
        result = execute(*args, **kwargs)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict):
            message = str(body.get("errorMessage", ""))
            if message.startswith(_INIT_FAILED):
                body.update(json.loads(message.removeprefix(_INIT_FAILED)), stackTrace=[])
                result["log"] = f"[ERROR] {body['errorType']}: {body['errorMessage']}"
            else:
                body.update(getattr(last, "details", {}))
        return result

    return detailed


def _never_mocked(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def real(*args: Any, **kwargs: Any) -> Any:
        result = dispatch(*args, **kwargs)
        body = result.get("body") if isinstance(result, dict) else None
        text = body.get("body") if isinstance(body, dict) else None
        if isinstance(text, str) and text.startswith(_MOCK):
            reason = text.removeprefix(_MOCK).strip(" -")
            message = f"the local cloud cannot run this function: {reason}"
            return {"body": {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": message}, "error": True}
        return result

    return real
