"""Functions respond with the same bytes and the same errors as in Lambda, and what cannot run or is too long fails.

Reason: ministack serialises responses differently from Lambda's runtime, ignores the limits on requests and responses,
reports every handler error as ``Runtime.HandlerError`` without a stack trace, and answers "Mock response" with status
200 for functions that it cannot run. Here a process that exits or times out has failed.
Texts: https://github.com/aws/aws-lambda-python-runtime-interface-client, ``bootstrap.py``;
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html (of processes that end)
Of requests: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and in these words
https://github.com/awslabs/aws-athena-query-federation/issues/793, https://github.com/faultline/faultline/issues/12
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["patch", "with_error_details"]

_MOCK = "Mock response"
_INIT_FAILED = "Worker init failed: "
_ENDED = ("Worker process died", "Worker process exited immediately")
_TIMED_OUT = "Task timed out after "
_MAX_REQUEST, _MAX_LATER = 6_291_456, 1_048_576

_payloads: ContextVar[list[bytes]] = ContextVar("_payloads")
"""Of the call by the API that is answered: what its function sent, at the end of the list."""

_RESULT = 'json.dumps({"status": "ok", "result": result})'
_OUTCOME = "json.dumps(_answers.outcome(result, context.aws_request_id))"
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
    """The source of the worker process, extended to report error details and to serialise as Lambda does."""
    for before, after in (
        (_RESULT, _OUTCOME),
        (_AFTER_CALL, _AFTER_CALL_DETAILED),
        (_AFTER_INIT, _AFTER_INIT_DETAILED),
    ):
        if worker.count(before) != 1:
            raise SystemExit("the worker script of ministack.core.lambda_runtime has changed: it cannot be patched")
        worker = worker.replace(before, after)
    return worker


def patch() -> None:
    """Correct the results of the executors."""
    functions, runtime = load("ministack.services.lambda_svc"), load("ministack.core.lambda_runtime")
    last = threading.local()  # executor and worker run in the same thread
    runtime.Worker._spawn = _keeping_the_process(original(runtime.Worker, "_spawn"))
    runtime.Worker.invoke = _remembering(original(runtime.Worker, "invoke"), last)
    functions._execute_function_warm = _detailed(original(functions, "_execute_function_warm"), last)
    functions._execute_function_dispatch = _never_mocked(original(functions, "_execute_function_dispatch"))
    functions._invoke = _in_bytes(original(functions, "_invoke"), original(functions, "error_response_json"))


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
        if "payload" in answer:
            payload = answer.pop("payload").encode("latin-1")
            _payloads.get([]).append(payload)
            answer["result"] = _read(payload)
        return {"trace": "", **answer}  # the log has its own words for it

    return remember


def _read(payload: bytes) -> Any:
    """For the readers inside ministack, such as queues and function URLs."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


def _in_bytes(invoke: Callable[..., Any], respond: Callable[[str, str, int], Any]) -> Callable[..., Any]:
    async def invoked(name: str, event: Any, headers: Mapping[str, str], *args: Any, **named: Any) -> Any:
        if text := _too_long(headers):
            return respond("RequestEntityTooLargeException", text, 413)
        sent: list[bytes] = []
        _payloads.set(sent)
        status, answered, body = await invoke(name, event, headers, *args, **named)
        is_of_function = status == 200 and sent and "X-Amz-Function-Error" not in answered
        return status, answered, sent[-1] if is_of_function else body

    return invoked


def _too_long(headers: Mapping[str, str]) -> str:
    given = {name.lower(): value for name, value in headers.items()}
    length = int(given.get("content-length") or 0)
    if given.get("x-amz-invocation-type") == "Event" and length > _MAX_LATER:
        return f"{length} byte payload is too large for the Event invocation type (limit {_MAX_LATER} bytes)"
    if length > _MAX_REQUEST:
        return f"Request must be smaller than {_MAX_REQUEST} bytes for the InvokeFunction operation"
    return ""


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
                # What is left of its time after a second start is not what it has.
                config = function.get("config") or function
                seconds = f"{_TIMED_OUT}{int(config.get('Timeout', 3))}.00 seconds"
                body.update(errorType="Sandbox.Timedout", errorMessage=f"RequestId: {request_id} Error: {seconds}")
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
