"""A function runs in the interpreter of its runtime, and sees only its own code, its layers and what Lambda provides.

Reason: ministack runs each Python function in its own interpreter with its own site-packages, so a dependency that is
missing in the layer is found here; and layers take precedence over the function's own code. Its process has no logging
handler, but the developer's home folder and tkinter.
Source of what it has instead: ``host/lambda_python.py``, ``host/lambda_answers.py``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .answers import with_error_details
from .names import load, original

__all__ = ["LINE_BREAK", "patch"]

LINE_BREAK = "\x1e"
"""Between the lines of one record in a function's output, of which each line is an event of the log otherwise."""

_AFTER_LAYERS = "    _ms_install_invoke_depth()\n    try:\n"
_OWN_CODE_FIRST = "    sys.path.remove(code_dir)\n    sys.path.insert(0, code_dir)\n"
_HOST = Path(__file__).parents[2] / "host"
_AS_ON_LAMBDA = """
    import types
    _python, _answers = types.ModuleType("_lambda_python"), types.ModuleType("_lambda_answers")
    exec(compile({python!r}, "lambda_python.py", "exec"), vars(_python))
    exec(compile({answers!r}, "lambda_answers.py", "exec"), vars(_answers))
    _python.become(
        log_format=os.environ.get("AWS_LAMBDA_LOG_FORMAT", ""),
        log_level=os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""),
        line_break={line_break!r},
    )
"""
_CALL = "            result = handler_fn(event, context)\n"
_CALL_WITH_ID = "            _python.request_id[0] = context.aws_request_id\n" + _CALL

_FIRST_ORDER = "    init = json.loads(sys.stdin.readline())\n"
_NEXT_ORDER = "        line = sys.stdin.readline()\n"
_NO_INPUT = """
    _orders = os.fdopen(os.dup(0), encoding="utf-8")
    _nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(_nothing, 0)
    os.close(_nothing)
    init = json.loads(_orders.readline())
"""
"""The orders of the emulator come by the standard input, where a function would wait for them forever."""

_OUTPUT = "    _real_stdout = sys.stdout\n"
_ONE_VOICE = """
    class _ms_answers:
        def __init__(self):
            self.process, self.to = os.getpid(), os.fdopen(os.dup(1), "w", encoding="utf-8")

        def write(self, text):
            if os.getpid() != self.process:
                sys.stderr.flush()
                os._exit(1)
            self.to.write(text)

        def flush(self):
            self.to.flush()

    _real_stdout = _ms_answers()
    os.dup2(2, 1)
"""
"""Answers have no id here and are read in turn, so a second one to a call would be that to the next call.

Where the function forks, the process that was called answers and the other one ends, as on Lambda the one does whose
answer is the second and refused; what is written to the standard output goes to the log.
Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (an answer is one to a request id)
"""

_NOT_UNTIL_NEEDED = """
    import importlib.machinery

    class _ms_finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != "botocore.handlers":
                return None
            sys.meta_path.remove(_ms_finder)
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                sys.modules["botocore"].handlers = module
                _ms_install_invoke_depth()

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, _ms_finder)
    try:
"""
"""ministack imports botocore in every worker, to see functions that call themselves: 0.2 s of each cold start and half
of its memory. Here that waits until the function imports it."""


def patch(table: Path) -> None:
    """``table`` is a JSON file, runtime -> interpreter. It is read at each cold start, so entries can be added."""
    runtime = load("ministack.core.lambda_runtime")
    detect = original(runtime, "_detect_runtime_binary")
    worker = original(runtime, "_PYTHON_WORKER_SCRIPT")
    python, answers = ((_HOST / name).read_text(encoding="utf-8") for name in ("lambda_python.py", "lambda_answers.py"))
    as_on_lambda = _AS_ON_LAMBDA.format(python=python, answers=answers, line_break=LINE_BREAK)
    for before, after in (
        (_OUTPUT, _ONE_VOICE),
        (_FIRST_ORDER, _NO_INPUT),
        (_NEXT_ORDER, _NEXT_ORDER.replace("sys.stdin", "_orders")),
        (_AFTER_LAYERS, _OWN_CODE_FIRST + as_on_lambda + _NOT_UNTIL_NEEDED),
        (_CALL, _CALL_WITH_ID),
    ):
        if worker.count(before) != 1:
            raise SystemExit("the worker script of ministack.core.lambda_runtime has changed: it cannot be patched")
        worker = worker.replace(before, after)
    worker = with_error_details(worker)

    def interpreter_and_worker(name: str) -> Any:
        if not name.startswith("python"):
            return detect(name)
        interpreters = json.loads(table.read_text(encoding="utf-8"))
        if name not in interpreters:
            known = ", ".join(sorted(interpreters)) or "none"
            raise RuntimeError(f"the local cloud has no interpreter for the runtime {name} (it has: {known})")
        return interpreters[name], worker

    runtime._detect_runtime_binary = interpreter_and_worker
