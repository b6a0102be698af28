"""Started by ``preflight`` in a clean interpreter: a file of orders in, one line of JSON per imported handler out.

It runs under every Python that Lambda offers and must import nothing but the standard library.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import IO, Any


def main(orders_path: str, answers_path: str) -> None:
    """Import every handler in order, and write before and after each what happens."""
    with open(orders_path, encoding="utf-8") as file:
        orders = json.load(file)
    # As in Lambda: the function's code and the layer come before the standard library, what the runtime has comes last.
    sys.path[:0] = orders["first"]
    sys.path += orders["last"]
    with open(answers_path, "a", encoding="utf-8") as answers:
        for number, handler in enumerate(orders["handlers"]):
            os.environ["AWS_LAMBDA_FUNCTION_NAME"] = handler["key"]
            os.environ["_HANDLER"] = handler["text"]
            _write(answers, {"number": number, "kind": "started"})
            _write(answers, {"number": number, **_imported(handler, orders["first"][0])})


def _write(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _imported(handler: dict[str, str], task_root: str) -> dict[str, Any]:
    try:
        module = importlib.import_module(handler["module"])
        function = getattr(module, handler["function"], None)
    except BaseException as error:  # a module may raise whatever it likes, SystemExit too
        return _failure(error, task_root)
    if function is None:
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        return {"kind": "no_function", "functions": names}
    return {"kind": "ok" if callable(function) else "not_callable", "type": type(function).__name__}


def _failure(error: BaseException, task_root: str) -> dict[str, Any]:
    answer = {"kind": "raised", "text": f"{type(error).__name__}: {error}", "place": _place(error, task_root)}
    if isinstance(error, ModuleNotFoundError) and error.name:
        return {**answer, "kind": "missing", "module": error.name}
    return {**answer, "kind": "undecided"} if _needs_the_cloud(error) else answer


def _needs_the_cloud(error: BaseException | None) -> bool:
    # Without credentials and network, a call at import time fails here and not in Lambda.
    while error is not None:
        if type(error).__module__.startswith(("botocore.", "urllib3.", "requests.", "socket", "urllib.error")):
            return True
        if isinstance(error, (ConnectionError, TimeoutError)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _place(error: BaseException, task_root: str) -> str:
    place = ""
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if path.startswith(task_root + os.sep):
            place = f"{os.path.relpath(path, task_root)} line {trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{os.path.relpath(error.filename, task_root)} line {error.lineno}"
    return place


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
