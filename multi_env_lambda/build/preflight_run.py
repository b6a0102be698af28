"""Started by ``preflight`` in a clean interpreter: a file of orders in, one line of JSON per imported handler out.

It runs under every Python that Lambda and Glue offer and must import nothing but the standard library. What is on
this machine and not on Lambda's (files, libraries that are loaded by name, programs that are started) is refused as
Lambda refuses it, by a hook that sees what Python does; what it does not see (programs behind a shell, other code) is
refused by the kernel.
"""

from __future__ import annotations

import errno
import importlib
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Iterable
from typing import IO, Any

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.spawn")
_LISTS = ("os.listdir", "os.scandir")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_LIBRARY_FOLDERS = ("/lib64", "/usr/lib64")


def main(orders_path: str, answers_path: str) -> None:
    """Import every handler in order, and write before and after each what happens."""
    with open(orders_path, encoding="utf-8") as file:
        orders = json.load(file)
    # As in Lambda: the function's code and the layer come before the standard library, what the runtime has comes last.
    # As in Glue: a job's code is installed, and comes after the standard library.
    sys.path[:0] = orders["first"]
    sys.path += orders["last"]
    refused: list[str] = []
    if orders["first"]:
        logging.getLogger().addHandler(logging.StreamHandler())  # as in Lambda, where there is one already
    with open(answers_path, "a", encoding="utf-8") as answers:
        lambda_ = _leave_the_machine_out(orders, refused) if sys.platform == "linux" else None
        at_start = {*_mapped()}
        for number, handler in enumerate(orders["handlers"]):
            os.environ.update(handler["variables"])
            _write(answers, {"number": number, "kind": "started"})
            answer = _unfit(handler, orders["task"]) or _imported(handler, orders["task"], lambda_)
            seen = {"mapped": [path for path in _mapped() if path not in at_start], "refused": refused}
            _write(answers, {"number": number, **answer, **seen, "prefix": lambda_.prefix if lambda_ else ""})


def _write(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


class _Lambda:
    """Which paths, libraries and programs of this machine stand for those of Lambda."""

    def __init__(self, orders: dict[str, Any], sandbox: Any) -> None:
        interpreter = sandbox.interpreter_folders()
        self.prefix = os.path.realpath(interpreter[0])
        self.libraries, self.programs = frozenset(orders["libraries"]), frozenset(orders["programs"])
        self.program_folders = (*sandbox.PROGRAM_FOLDERS, orders["bin"])
        self.code = _roots(orders["own"])
        self.writable = _roots([*orders["write"], sandbox.SCRATCH, "/dev", "/proc"])
        self.loadable = self.code + self.writable + _roots(interpreter)
        self.readable = self.loadable + _roots([*sandbox.SYSTEM, *sandbox.certificates()])

    def may_read(self, path: str) -> bool:
        return _is_in(path, self.readable)

    def may_write(self, path: str) -> bool:
        return _is_in(path, self.writable) and not _is_in(path, self.code)

    def may_load(self, path: str) -> bool:
        folder, name = os.path.split(path)
        if not folder:
            return name in self.libraries or name in {os.path.basename(one) for one in _mapped()}
        is_lambdas = folder in _LIBRARY_FOLDERS and name in self.libraries
        return is_lambdas or _is_in(path, self.loadable) or path in _mapped()

    def may_start(self, path: str) -> bool:
        folder, name = os.path.split(path)
        is_lambdas = folder in ("", *self.program_folders) and name in self.programs
        is_python = os.path.realpath(path) == os.path.realpath(sys.executable)
        return is_lambdas or is_python or (folder != "" and _is_in(path, self.code + self.writable))


def _roots(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one + os.sep for path in paths for one in (path, os.path.realpath(path))))


def _is_in(path: str, roots: tuple[str, ...]) -> bool:
    # As it is written, first: to follow links takes longer, and most files that an import opens are in the layer. What
    # climbs out of there by a link is refused by the kernel.
    return (path + os.sep).startswith(roots) or (os.path.realpath(path) + os.sep).startswith(roots)


def _leave_the_machine_out(orders: dict[str, Any], refused: list[str]) -> _Lambda:
    import ctypes.util

    sandbox = _module(orders["sandbox"])
    lambda_ = _Lambda(orders, sandbox)

    def find_library(name: str) -> str | None:
        return next((one for one in sorted(lambda_.libraries) if one.startswith(f"lib{name}.so")), None)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" or event in _LISTS or event == "os.mkdir":
            _watch_files(event, arguments, lambda_, refused)
        elif event == "ctypes.dlopen" and arguments[0]:
            path = os.fsdecode(arguments[0])
            if not lambda_.may_load(path):
                refused.append(path if os.path.basename(path) in lambda_.libraries else os.path.basename(path))
                raise OSError(f"{path}: cannot open shared object file: No such file or directory")
        elif event in _STARTS and not isinstance(arguments[0], int):
            path = os.fsdecode(arguments[0])
            if not lambda_.may_start(path):
                refused.append(os.path.basename(path))
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    ctypes.util.find_library = find_library
    # The layer is kept, and with it what was compiled; the hook lets nothing else be written there.
    changed = [*orders["write"], *orders["bytecode"]]
    sandbox.shut_in(own=orders["own"], write=changed, programs=orders["programs"])
    sys.addaudithook(watch)
    return lambda_


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("_sandbox", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _watch_files(event: str, arguments: tuple[Any, ...], lambda_: _Lambda, refused: list[str]) -> None:
    """Refuse as Lambda would: it does not have the file, or lets nobody change it."""
    if not isinstance(arguments[0], (str, bytes)):
        return  # what is open already
    path = os.fsdecode(arguments[0])
    if event != "open":
        in_other = event == "os.mkdir" and arguments[2] != -1
        writes = event == "os.mkdir" and not os.path.exists(path)
    else:
        # A relative name may belong to a folder that is open, which the event does not tell.
        in_other = arguments[1] is None and not os.path.isabs(path)
        writes = bool(arguments[2] & _WRITES)
    if in_other or (writes and "__pycache__" in path):
        return
    path = os.path.abspath(path)
    if writes and not lambda_.may_write(path) and os.path.isdir(os.path.dirname(path)):
        refused.append(path)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    if not writes and not lambda_.may_read(path) and os.path.lexists(path):
        refused.append(path)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _mapped() -> list[str]:
    """The shared objects in this process; where the system does not say, none."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
            paths = {line.rstrip("\n").partition("/")[2] for line in lines if ".so" in line}
    except OSError:
        return []
    return sorted("/" + path for path in paths if path)


def _unfit(handler: dict[str, Any], task_root: str) -> dict[str, Any] | None:
    """What of a job this Python cannot compile or does not have, wherever in the job it is imported."""
    for path in handler["compiled"]:
        with open(os.path.join(task_root, path), "rb") as file:
            source = file.read()
        try:
            compile(source, os.path.join(task_root, path), "exec", dont_inherit=True)
        except SyntaxError as error:
            return {"kind": "syntax", "text": error.msg, "place": f"{path} line {error.lineno}"}
        except ValueError as error:  # a null byte
            return {"kind": "syntax", "text": str(error), "place": path}
    for module, place in handler["wanted"]:
        if importlib.util.find_spec(module) is None:
            return {"kind": "missing", "text": f"No module named {module!r}", "module": module, "place": place}
    return None


def _imported(handler: dict[str, Any], task_root: str, lambda_: _Lambda | None) -> dict[str, Any]:
    try:
        module = importlib.import_module(handler["module"])
        function = getattr(module, handler["function"], None)
    except BaseException as error:  # a module may raise whatever it likes, SystemExit too
        denied = None if lambda_ is None else _denied(error, lambda_)
        return {**_failure(error, task_root), "denied": denied}
    if function is None:
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        return {"kind": "no_function", "functions": names}
    return {"kind": "ok" if callable(function) else "not_callable", "type": type(function).__name__}


def _failure(error: BaseException, task_root: str) -> dict[str, Any]:
    answer = {"kind": "raised", "text": f"{type(error).__name__}: {error}", "place": _place(error, task_root)}
    answer["said"] = str(getattr(error, "stderr", None) or "")  # by a program that has failed
    if isinstance(error, ModuleNotFoundError) and error.name:
        return {**answer, "kind": "missing", "module": error.name}
    return {**answer, "kind": "undecided"} if _needs_the_cloud(error) else answer


def _denied(error: BaseException | None, lambda_: _Lambda) -> str | None:
    """What the kernel refused, and so the hook has not seen."""
    while error is not None:
        if isinstance(error, PermissionError) and isinstance(error.filename, (str, bytes)):
            path = os.path.abspath(os.fsdecode(error.filename))
            program = _started_by(path) if lambda_.may_read(path) else path
            if program is not None and not lambda_.may_start(program):
                return program
        error = error.__cause__ or error.__context__
    return None


def _started_by(path: str) -> str | None:
    """The program that a script asks for in its first line."""
    try:
        with open(path, "rb") as file:
            words = file.readline().split()
    except OSError:
        return None
    if not words or not words[0].startswith(b"#!"):
        return None
    return os.fsdecode(words[0][2:] or b"".join(words[1:2])) or None


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
