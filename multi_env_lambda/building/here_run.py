"""Started in a clean interpreter to call one handler once: a file of orders in, one file with the answer out.

It runs under every Python that Lambda offers and must import nothing but the standard library.

Source of what a call gets and what an error becomes:
    https://github.com/aws/aws-lambda-python-runtime-interface-client (`lambda_context.py`, `bootstrap.py`)
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
import uuid
from typing import Any

DEBUGGER_LEFT = "BdbQuit"
"""What Python's debugger raises if its user leaves it, or if it has no terminal to ask at."""


class Context:
    """The second argument of a handler."""

    identity = client_context = None

    def __init__(self, until: float, arn: str, request_id: str) -> None:
        self._until = until
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        """How long the function's timeout still leaves; here, nothing happens when it is over."""
        return max(0, int((self._until - time.monotonic()) * 1000))


def main(orders_path: str, answer_path: str) -> None:
    """Import the handler, call it with the event, and write what it returned or raised."""
    with open(orders_path, encoding="utf-8") as file:
        orders = json.load(file)
    # The work tree stays as it is; and bytecode of a file that is saved twice in a second would be believed.
    sys.dont_write_bytecode = True
    answers, lambda_python = (_module(orders[name]) for name in ("lambda_answers", "lambda_python"))
    sys.path[:0] = orders["first"]
    sys.path += orders["last"]
    lambda_python.become(log_format=os.environ.get("AWS_LAMBDA_LOG_FORMAT", ""))
    request_id = str(uuid.uuid4())
    lambda_python.request_id[0] = request_id
    try:
        handler = getattr(importlib.import_module(orders["module"]), orders["function"])
        # A timeout is about the call: importing has ten seconds of its own.
        returned = handler(orders["event"], Context(time.monotonic() + orders["timeout"], orders["arn"], request_id))
    except Exception as error:
        answer = {"status": "error", "details": _details(error, request_id)}
    else:
        answer = answers.outcome(returned, request_id)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    answer["loaded"] = [str(getattr(module, "__file__", None)) for module in list(sys.modules.values())]
    # Threads of the function end with it, as they freeze in Lambda.
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answer, file)
        file.flush()
    os._exit(0)


def _details(error: Exception, request_id: str) -> dict[str, Any]:
    """What Lambda answers with, and logs."""
    # The first frame is this file's; those of importlib say nothing about the function.
    frames = [each for each in traceback.extract_tb(error.__traceback__)[1:] if "importlib" not in each.filename]
    trace = traceback.format_list(frames)
    text = str(error)
    said = f"[ERROR] {type(error).__name__}: {text}\nTraceback (most recent call last):\n{''.join(trace)}"
    if type(error).__name__ != DEBUGGER_LEFT:
        sys.stdout.write(said)
    return {"errorMessage": text, "errorType": type(error).__name__, "requestId": request_id, "stackTrace": trace}


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("_" + os.path.basename(path)[:-3], path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
