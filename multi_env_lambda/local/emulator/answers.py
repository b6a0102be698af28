"""A function's failure reads as Lambda words it, and a function that cannot run fails.

Reason: ministack calls every error of a handler ``Runtime.HandlerError`` without a stack trace, and answers
"Mock response" with status 200 for what it cannot run. A process that ends, or has no time left, has died for it.
Texts: https://github.com/aws/aws-lambda-python-runtime-interface-client, ``bootstrap.py``;
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html (of processes that end)
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch", "with_error_details"]

_MOCK = "Mock response"
_INIT_FAILED = "Worker init failed: "
_ENDED = ("Worker process died", "Worker process exited immediately")
_TIMED_OUT = "Task timed out after "

_AFTER_CALL = '"error": str(e), "trace": traceback.format_exc()})'
_AFTER_CALL_DETAILED = (
    '"error": str(e), "details": {"errorType": type(e).__name__, "requestId": context.aws_request_id, "stackTrace": '
    '[line.replace(code_dir, "/var/task") for line in traceback.format_tb(e.__traceback__)[1:]]}})'
)
_AFTER_INIT = 'json.dumps({"status": "error", "error": str(e)})'
_AFTER_INIT_DETAILED = (
    'json.dumps({"status": "error", "error": json.dumps('
    '{"errorType": "Runtime.ImportModuleError", '
    '"errorMessage": f"Unable to import module \'{module_name}\': {e}"} if isinstance(e, ImportError) else '
    '{"errorType": "Runtime.UserCodeSyntaxError", '
    '"errorMessage": f"Syntax error in module \'{module_name}\': {e}", "stackTrace": '
    '[f"  File \\"{e.filename}\\" Line {e.lineno}\\n    {e.text}".replace(code_dir, "/var/task")]} '
    "if isinstance(e, SyntaxError) else "
    '{"errorType": "Runtime.HandlerNotFound", '
    "\"errorMessage\": f\"Handler '{handler_name}' missing on module '{module_name}'\"} "
    "if isinstance(e, AttributeError) and 'mod' in dir() else "
    '{"errorType": type(e).__name__, "errorMessage": str(e), "stackTrace": '
    '[line.replace(code_dir, "/var/task") for line in traceback.format_tb(e.__traceback__)[1:]]})})'
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
    runtime.Worker._spawn = _keeping_the_process(original(runtime.Worker, "_spawn"))
    runtime.Worker.invoke = _remembering(original(runtime.Worker, "invoke"), last)
    functions._execute_function_warm = _detailed(original(functions, "_execute_function_warm"), last)
    functions._execute_function_dispatch = _never_mocked(original(functions, "_execute_function_dispatch"))


def _keeping_the_process(spawn: Callable[[Any], None]) -> Callable[[Any], None]:
    def keep(worker: Any) -> None:
        try:
            spawn(worker)
        finally:
            worker.last_process = worker._proc

    return keep


def _remembering(invoke: Callable[..., Any], last: threading.local) -> Callable[..., Any]:
    def remember(worker: Any, *args: Any, **kwargs: Any) -> Any:
        last.details, last.worker = {}, worker
        answer = invoke(worker, *args, **kwargs)
        last.details = answer.get("details", {})
        return {"trace": "", **answer}  # the log has its own words for it

    return remember


def _detailed(execute: Callable[..., Any], last: threading.local) -> Callable[..., Any]:
    def detailed(function: Any, event: Any, request_id: str) -> Any:
        result = execute(function, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict):
            message = str(body.get("errorMessage", ""))
            if message.startswith(_INIT_FAILED):
                body.update({"stackTrace": [], "requestId": "", **json.loads(message.removeprefix(_INIT_FAILED))})
            elif message.startswith(_ENDED):
                end = _end_of(last.worker.last_process)
                body.update(errorType="Runtime.ExitError", errorMessage=f"RequestId: {request_id} Error: {end}")
            elif message.startswith(_TIMED_OUT):
                body["errorMessage"] = f"RequestId: {request_id} Error: {message}"
            else:
                body.update(getattr(last, "details", {}))
        return result

    return detailed


def _end_of(process: Any) -> str:
    status = process.wait()
    if status == 0:
        return "Runtime exited without providing a reason"
    how = f"exit status {status}" if status > 0 else f"signal: {signal.strsignal(-status)}".lower()
    return f"Runtime exited with error: {how}"


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
