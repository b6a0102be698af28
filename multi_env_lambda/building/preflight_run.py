"""Started by ``preflight`` in a clean interpreter: a file of orders in, one line of JSON per imported handler out.

It runs under every Python that Lambda and Glue offer and must import nothing but the standard library.
`preflight_watch` hides what is on this machine but not in Lambda.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import locale
import os
import sys
import time
from collections.abc import Callable
from typing import IO, Any


def main(orders_path: str, answers_path: str) -> None:
    """Import every handler in order, and write what happens before and after each."""
    with open(orders_path, encoding="utf-8") as file:
        orders = json.load(file)
    # As in Lambda: the function's code and the layer come before the standard library, the runtime's packages last.
    # As in Glue: a job's code is installed, and comes after the standard library.
    sys.path[:0] = orders["first"]
    sys.dont_write_bytecode = True  # it lies where others would run it
    sys.path += orders["last"]
    refused: list[str] = []
    # Read now: they are files of this machine, too.
    watch, sandbox, lambda_python = (_module(orders[name]) for name in ("watch", "sandbox", "lambda_python"))
    sandbox.end_with(orders["parent"])
    with open(answers_path, "a", encoding="utf-8") as answers:
        machine = watch.leave_out(orders, refused, sandbox) if sys.platform == "linux" else None
        if orders["first"]:
            lambda_python.become()
            _speak_its_language()
            sys.meta_path.insert(0, _NothingIsSent)
        at_start = {*watch.mapped()}
        for number, handler in enumerate(orders["handlers"]):
            os.environ.update(handler["variables"])
            _write(answers, {"number": number, "kind": "started"})
            began = time.monotonic()
            answer = _unfit(handler, orders["task"]) or _imported(handler, orders["task"], machine)
            seen = {"seconds": time.monotonic() - began, "refused": refused}
            seen["loaded"] = _loaded()
            seen["mapped"] = [path for path in watch.mapped() if path not in at_start]
            _write(answers, {"number": number, **answer, **seen, "prefix": machine.prefix if machine else ""})
    _end()


def _loaded() -> list[str]:
    """Where the modules come from, of which anybody may have changed what they say."""
    found = []
    for module in list(sys.modules.values()):
        with contextlib.suppress(BaseException):
            path = vars(module).get("__file__")
            if type(path) is str:
                found.append(path)
    return found


def _speak_its_language() -> None:
    """If this machine does not have Lambda's locale, `setlocale(LC_ALL, "")` should find another one."""
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        os.environ["LC_ALL"] = "C.UTF-8"
    else:
        locale.setlocale(locale.LC_ALL, "C")
        locale.setlocale(locale.LC_CTYPE, "")  # as Python starts


def _end() -> None:
    """Lambda does not wait for the threads of a module either."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)


def _write(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("_" + os.path.basename(path)[:-3], path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _NothingIsSent:
    """A call of AWS at import reports missing credentials: those present are worthless, as the network would only say
    later. Until something imports botocore, it costs nothing."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "botocore.handlers":
            return None
        sys.meta_path.remove(cls)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: cls._refusing(module, execute)  # type: ignore[method-assign]
        return spec

    @staticmethod
    def _refusing(module: Any, execute: Callable[[Any], None]) -> None:
        execute(module)

        def refuse(**_: Any) -> None:
            raise sys.modules["botocore.exceptions"].NoCredentialsError

        module.BUILTIN_HANDLERS.append(("before-send", refuse))


def _unfit(handler: dict[str, Any], task_root: str) -> dict[str, Any] | None:
    """What this Python cannot compile or does not have, wherever in the job it is imported."""
    for path in handler["compiled"]:
        with open(os.path.join(task_root, path), "rb") as file:
            source = file.read()
        try:
            compile(source, os.path.join(task_root, path), "exec", dont_inherit=True)
        except SyntaxError as error:
            return {"kind": "syntax", "text": error.msg, "place": f"{path} line {error.lineno}"}
        except ValueError as error:  # a null byte
            return {"kind": "syntax", "text": _said_by(error), "place": path}
    for module, place in handler["wanted"]:
        if importlib.util.find_spec(module) is None:
            return {"kind": "missing", "text": f"No module named {module!r}", "module": module, "place": place}
    return None


def _imported(handler: dict[str, Any], task_root: str, machine: Any) -> dict[str, Any]:
    try:
        module = importlib.import_module(handler["module"])
        function = getattr(module, handler["function"], None)
    except BaseException as error:  # a module may raise anything, SystemExit too
        denied = None if machine is None else _denied(error, machine)
        kept_back = {"kind": "undecided"} if machine is not None and _is_kept_back(error, machine) else {}
        return {**_failure(error, task_root), "denied": denied, **kept_back}
    if function is None:
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        return {"kind": "no_function", "functions": names}
    if not callable(function):
        return {"kind": "not_callable", "type": type(function).__name__}
    if handler["is_job"] and (kind := _unrun(function)):
        return {"kind": "not_run", "what": kind}
    signature = _unfit_signature(function) if handler["is_job"] else None
    return {"kind": "ok"} if signature is None else {"kind": "not_called", "signature": signature}


def _unrun(entry: Any) -> str:
    """The kind of an entry whose call runs nothing."""
    if inspect.iscoroutinefunction(entry):
        return "`async def`"
    return "a generator" if inspect.isgeneratorfunction(entry) or inspect.isasyncgenfunction(entry) else ""


def _unfit_signature(entry: Any) -> str | None:
    """The signature of a job's entry that can be called neither with one mapping nor with nothing."""
    try:
        signature = inspect.signature(entry)
    except ValueError:  # some that are written in C have none
        return None
    try:
        signature.bind({})
    except TypeError:
        try:
            signature.bind()
        except TypeError:
            return str(signature)
    return None


def _failure(error: BaseException, task_root: str) -> dict[str, Any]:
    answer = {"kind": "raised", "text": f"{type(error).__name__}: {_said_by(error)}", "place": _place(error, task_root)}
    answer["said"] = str(getattr(error, "stderr", None) or "")  # by a program that failed
    if isinstance(error, ModuleNotFoundError) and error.name:
        return {**answer, "kind": "missing", "module": error.name}
    return {**answer, "kind": "undecided"} if _needs_the_cloud(error) else answer


def _said_by(error: BaseException) -> str:
    """As ``model.said.said_by``: nothing of the package is here."""
    try:
        return str(error)
    except BaseException:
        return "nothing, since its __str__ failed"


def _denied(error: BaseException | None, machine: Any) -> str | None:
    """What the kernel refused, so that the hook did not see it."""
    while error is not None:
        if isinstance(error, PermissionError) and isinstance(error.filename, (str, bytes)):
            path = os.path.abspath(os.fsdecode(error.filename))
            program = _started_by(path) if machine.may_read(path) else path
            if program is not None and not machine.may_start(program):
                return program
        error = error.__cause__ or error.__context__
    return None


def _is_kept_back(error: BaseException | None, machine: Any) -> bool:
    while error is not None:
        name = error.filename if isinstance(error, PermissionError) else None
        if isinstance(name, (str, bytes)) and machine.keeps_back(os.path.abspath(os.fsdecode(name))):
            return True
        error = error.__cause__ or error.__context__
    return False


def _started_by(path: str) -> str | None:
    """The program that a script names in its first line."""
    try:
        with open(path, "rb") as file:
            words = file.readline().split()
    except OSError:
        return None
    if not words or not words[0].startswith(b"#!"):
        return None
    return os.fsdecode(words[0][2:] or b"".join(words[1:2])) or None


def _needs_the_cloud(error: BaseException | None) -> bool:
    # Without credentials and network, a call at import time fails here but not in Lambda.
    while error is not None:
        if type(error).__module__.startswith(("botocore.", "urllib3.", "requests.", "socket", "urllib.error")):
            return True
        if isinstance(error, (ConnectionError, TimeoutError)) or getattr(error, "errno", None) == errno.ENETUNREACH:
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
