"""Started by ``preflight`` in a clean interpreter: a file of orders in, one line of JSON per imported handler out.

It runs under every Python that Lambda offers and must import nothing but the standard library. What is on this machine
and not on Lambda's (libraries that are loaded by name, programs that are started) is refused as Lambda refuses it.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
from typing import IO, Any

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.spawn")


def main(orders_path: str, answers_path: str) -> None:
    """Import every handler in order, and write before and after each what happens."""
    with open(orders_path, encoding="utf-8") as file:
        orders = json.load(file)
    # As in Lambda: the function's code and the layer come before the standard library, what the runtime has comes last.
    sys.path[:0] = orders["first"]
    sys.path += orders["last"]
    refused: list[str] = []
    if sys.platform == "linux":
        _leave_the_machine_out(orders, refused)
    with open(answers_path, "a", encoding="utf-8") as answers:
        for number, handler in enumerate(orders["handlers"]):
            os.environ["AWS_LAMBDA_FUNCTION_NAME"] = handler["key"]
            os.environ["_HANDLER"] = handler["text"]
            _write(answers, {"number": number, "kind": "started"})
            answer = _imported(handler, orders["first"][0])
            seen = {"mapped": _mapped(), "refused": refused, "prefix": os.path.realpath(sys.base_prefix)}
            _write(answers, {"number": number, **answer, **seen})


def _write(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _leave_the_machine_out(orders: dict[str, Any], refused: list[str]) -> None:
    import ctypes.util

    libraries, programs = frozenset(orders["libraries"]), frozenset(orders["programs"])
    ours = (*orders["first"], *orders["last"], sys.prefix, sys.base_prefix, os.environ["HOME"])
    roots = tuple(os.path.realpath(path) + os.sep for path in ours)

    def find_library(name: str) -> str | None:
        return next((one for one in sorted(libraries) if one.startswith(f"lib{name}.so")), None)

    def refuse(path: str) -> OSError:
        refused.append(os.path.basename(path))
        return OSError(f"{path}: cannot open shared object file: No such file or directory")

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "ctypes.dlopen" and arguments[0]:
            path = os.fsdecode(arguments[0])
            if not _is_allowed(path, libraries, roots) and os.path.basename(path) not in _names(_mapped()):
                raise refuse(path)
        elif event in _STARTS and not isinstance(arguments[0], int):
            path = os.fsdecode(arguments[0])
            if not _is_allowed(path, programs, roots):
                refused.append(os.path.basename(path))
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    ctypes.util.find_library = find_library
    sys.addaudithook(watch)


def _is_allowed(path: str, names: frozenset[str], roots: tuple[str, ...]) -> bool:
    return os.path.basename(path) in names or (os.sep in path and os.path.realpath(path).startswith(roots))


def _mapped() -> list[str]:
    """The shared objects in this process; where the system does not say, none."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
            paths = {line.rstrip("\n").partition("/")[2] for line in lines if ".so" in line}
    except OSError:
        return []
    return sorted("/" + path for path in paths if path)


def _names(paths: list[str]) -> set[str]:
    return {os.path.basename(path) for path in paths}


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
