"""A function's log reads as on AWS: one stream per process, Lambda's own lines, one event per log record.

Reason: ministack writes each call to a stream of its own, which is not the one that the function sees. It logs neither
starts nor failed starts nor timeouts; the log tail in a response has only the function's own lines; and ``Max Memory
Used`` is that of another process.
Sources:
    Lines: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (`REPORT`), and
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (`INIT_REPORT`, a second try)
    An answer that is too long: https://github.com/aws-samples/image-optimization/issues/58
    JSON: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    The seconds of the start are billed: https://aws.amazon.com/blogs/compute/
    aws-lambda-standardizes-billing-for-init-phase/
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .function_environment import starting
from .names import load, original
from .runtimes import LINE_BREAK

__all__ = ["patch"]

_TIMED_OUT = "Sandbox.Timedout"
_SECONDS = 0.005
"""How long the first line that a module writes at its import is waited for, when it is known to be over."""

_NOT_SENT = "Failed to post handler success response. Http response code: 413."
_NO_BREAK_SPACE = "\u00a0"

_MOST = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)

_run = threading.local()
"""Of the call that this thread runs. ``stream``; ``init``: milliseconds of the start of its process, None where that
ran already; ``overrun``: of a start before that, which was stopped; ``at_start``: what it wrote then; ``did_start``;
``memory``: the most MB that its process had, None if unknown; ``result``; ``said``: all lines of the log."""


def patch() -> None:
    """Must be called after everything that starts processes and formats errors."""
    functions, runtime = load("ministack.services.lambda_svc"), load("ministack.core.lambda_runtime")
    runtime.Worker._spawn = _timed(original(runtime.Worker, "_spawn"))
    runtime.Worker.invoke = _in_its_stream(original(runtime.Worker, "invoke"))
    functions._execute_function_warm = _kept(original(functions, "_execute_function_warm"))
    functions._execute_function_dispatch = _with_whole_log(original(functions, "_execute_function_dispatch"))
    runtime._signal = _looking_before(original(runtime, "_signal"))
    emit = original(functions, "_emit_lambda_logs")

    def write(
        function: dict[str, Any], request: str, text: str, error: bool, milliseconds: float, **named: Any
    ) -> None:
        if getattr(_run, "result", None) is None:
            emit(function, request, text, error, milliseconds, **named)  # it did not run in a process of ours
            return
        config = function.get("config") or function
        said = list(_Call(config, request, text, float(milliseconds)).lines())
        _append(config, said)
        _run.said = "\n".join(line for line in said if not line.startswith("INIT_START")) + "\n"

    functions._emit_lambda_logs = write


def _timed(spawn: Callable[[Any], None]) -> Callable[[Any], None]:
    def timed(worker: Any) -> None:
        started, _run.did_start = time.monotonic(), False
        try:
            spawn(worker)
            _run.did_start = True
        finally:
            _run.overrun = getattr(worker, "overrun", None)
            _run.init = 1000 * (time.monotonic() - started - (_run.overrun[0] if _run.overrun else 0))
            worker.log_stream = _run.stream = getattr(starting, "stream", "")
            _run.at_start = worker._drain_stderr_bounded(first_line_wait=_SECONDS)

    return timed


def _in_its_stream(invoke: Callable[..., Any]) -> Callable[..., Any]:
    def invoked(worker: Any, *args: Any, **named: Any) -> Any:
        _run.stream, _run.init, _run.did_start = getattr(worker, "log_stream", ""), None, True
        _run.overrun = _run.memory = None
        result = invoke(worker, *args, **named)
        _run.memory = _run.memory or _most_memory(worker._proc)
        return result

    return invoked


def _looking_before(signal: Callable[[Any], None]) -> Callable[[Any], None]:
    """A process that was asked to exit cannot be inspected afterwards."""

    def signalled(process: Any) -> None:
        _run.memory = _most_memory(process)
        signal(process)

    return signalled


def _most_memory(process: Any) -> int | None:
    """MB, of this process only; ``getrusage`` would include the memory of its parent at the fork.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html (``VmHWM``); other systems have no such file
    """
    try:
        found = None if process is None else _MOST.search(Path(f"/proc/{process.pid}/status").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if found is None else math.ceil(int(found[1]) / 1024)


def _kept(execute: Callable[..., Any]) -> Callable[..., Any]:
    def executed(*args: Any, **named: Any) -> Any:
        _run.result = None
        result = execute(*args, **named)
        _run.result = None if result.get("throttle") or not getattr(_run, "stream", "") else result
        return result

    return executed


def _with_whole_log(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def dispatched(*args: Any, **named: Any) -> Any:
        _run.result, _run.said = None, ""
        result = dispatch(*args, **named)
        if _run.said:
            result["log"] = _run.said
        return result

    return dispatched


class _Call:
    """The lines of one call, each an event."""

    def __init__(self, config: dict[str, Any], request: str, text: str, milliseconds: float) -> None:
        body = _run.result.get("body") if _run.result.get("error") else None
        self.error = body if isinstance(body, dict) else {}
        self.kind = str(self.error.get("errorType", ""))
        self.config, self.request, self.memory = config, request, _run.memory
        self.version = str(config.get("Version", "$LATEST"))
        # The time of a second start is the call's.
        self.init = None if _run.overrun else _run.init
        before = 1000 * _run.overrun[0] if _run.overrun else self.init or 0
        most = 1000.0 * int(config.get("Timeout", 3)) if self.kind == _TIMED_OUT else math.inf
        self.milliseconds = min(max(milliseconds - before, 0.01), most)
        self.own = _events(text)
        self.is_json = (config.get("LoggingConfig") or {}).get("LogFormat") == "JSON"

    def lines(self) -> Iterator[str]:
        if _run.init is not None:
            yield self._init_start()
        if _run.overrun:
            seconds, written = _run.overrun
            yield from _events(written)
            yield self._init_report("init", 1000 * seconds, "timeout")
        if _run.init is not None:
            yield from _events(_run.at_start)
        is_late = self.kind == _TIMED_OUT
        if not _run.did_start:
            for phase in ["invoke"] if _run.overrun else ["init", "invoke"]:
                yield from () if is_late else (self._failure(),)
                yield self._init_report(phase, _run.init, "timeout" if is_late else "error")
        yield self._start()
        yield from self.own
        if self.error and (_run.did_start or is_late):
            yield self._failure()
        yield from self._end()

    def _init_start(self) -> str:
        runtime = str(self.config.get("Runtime", ""))
        arn = f"arn:aws:lambda:{str(self.config.get('FunctionArn', '')).split(':')[3]}::runtime:{64 * '0'}"
        version = f"{runtime.replace('python', 'python:')}.v1"
        if self.is_json:
            of_it = {"functionName": self.config.get("FunctionName"), "functionVersion": self.version}
            how = {"initializationType": "on-demand", "phase": "init"}
            return _event("initStart", {**how, "runtimeVersion": version, "runtimeVersionArn": arn, **of_it})
        return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}"

    def _init_report(self, phase: str, milliseconds: float, status: str) -> str:
        of_error = self.kind if status == "error" else ""
        if self.is_json:
            how = {"initializationType": "on-demand", "phase": phase, "status": status}
            kind, metrics = {"errorType": of_error} if of_error else {}, {"durationMs": round(milliseconds, 3)}
            return _event("initReport", {**how, **kind, "metrics": metrics})
        kind_said = f"\tError Type: {of_error}" if of_error else ""
        return f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}{kind_said}"

    def _start(self) -> str:
        if self.is_json:
            return _event("start", {"requestId": self.request, "version": self.version})
        return f"START RequestId: {self.request} Version: {self.version}"

    def _failure(self) -> str:
        message = str(self.error.get("errorMessage", ""))
        if self.kind == _TIMED_OUT:
            return f"{_now()} {self.request} {message.rpartition('Error: ')[2]}\n"
        if self.kind == "Runtime.ExitError":
            return f"{message}\n{self.kind}"
        if self.kind == "Function.ResponseSizeTooLarge":
            return f"[ERROR] [{int(1000 * time.time())}] LAMBDA_RUNTIME {_NOT_SENT}"
        if self.is_json:
            return json.dumps({"timestamp": _now(), "log_level": "ERROR", **self.error}, ensure_ascii=False)
        trace = [line for part in self.error.get("stackTrace", []) for line in part.splitlines()]
        indented = [_NO_BREAK_SPACE * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in trace]
        return "\n".join([f"[ERROR] {self.kind}: {message}", "Traceback (most recent call last):", *indented])

    def _end(self) -> Iterator[str]:
        billed = math.ceil(self.milliseconds + (self.init or 0))
        status = "timeout" if self.kind == _TIMED_OUT else "error"
        is_told = self.kind == _TIMED_OUT or not _run.did_start or self.kind == "Runtime.ExitError"
        size = int(self.config.get("MemorySize", 128))
        if self.is_json:
            metrics = {"durationMs": round(self.milliseconds, 3), "billedDurationMs": billed, "memorySizeMB": size}
            start = {} if self.init is None else {"initDurationMs": round(self.init, 3)}
            memory = {} if self.memory is None else {"maxMemoryUsedMB": self.memory}
            metrics |= {**memory, **start}
            record = {"requestId": self.request, "metrics": metrics, "status": status if self.error else "success"}
            yield _event("report", record)
            return
        yield f"END RequestId: {self.request}"
        parts = [
            f"REPORT RequestId: {self.request}",
            f"Duration: {self.milliseconds:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {size} MB",
            *([] if self.memory is None else [f"Max Memory Used: {self.memory} MB"]),
            *([] if self.init is None else [f"Init Duration: {self.init:.2f} ms"]),
            *([f"Status: {status}"] if is_told else []),
            *([f"Error Type: {self.kind}"] if is_told and status == "error" else []),
        ]
        yield "\t".join([*parts, ""])


def _events(text: str) -> list[str]:
    """Each line is an event, except for the lines of one log record."""
    return [line.replace(LINE_BREAK, "\n") for line in text.split("\n") if line]


def _event(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": _now(), "type": f"platform.{kind}", "record": record})


def _now() -> str:
    moment = datetime.fromtimestamp(time.time(), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _append(config: dict[str, Any], lines: list[str]) -> None:
    logs = load("ministack.services.cloudwatch_logs")
    group_name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
    now = int(time.time() * 1000)
    arn = original(logs, "_make_group_arn")
    group = original(logs, "_log_groups").setdefault(group_name, _new_group(arn(group_name), now))
    stream = group["streams"].setdefault(_run.stream, _new_stream(now))
    events = [{"timestamp": now, "message": f"{line}\n"} for line in lines]
    original(logs, "_append_log_events")(stream, [{**event, "ingestionTime": now} for event in events])
    original(logs, "_fanout_to_subscription_filters")(group_name, _run.stream, events)


def _new_group(arn: str, now: int) -> dict[str, Any]:
    group = {"arn": arn, "creationTime": now, "retentionInDays": None, "tags": {}}
    return {**group, "subscriptionFilters": {}, "streams": {}}


def _new_stream(now: int) -> dict[str, Any]:
    unknown = dict.fromkeys(("firstEventTimestamp", "lastEventTimestamp", "lastIngestionTime"))
    return {"events": [], "uploadSequenceToken": "1", "creationTime": now, **unknown}
