"""Scripts as processes that have imported already what a command imports: that is most of what a short command takes.

Each script is a process of its own, with its own folder, environment and streams, forked from one process that has
imported and done nothing else. What begins with nothing imported is run where that is the question: as it is
installed, how it starts, and where it is killed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["run_script"]

ROOT = Path(__file__).parent.parent.parent
IMPORTED = (
    *(
        "api.workspace",
        "aws.bucket",
        "aws.functions",
        "aws.platform",
        "aws.references",
        "aws.session",
        "building.preflight",
    ),
    *(
        "flow.act",
        "local.opening",
        "local.seed",
        "make.maker",
        "operations.dispatch",
        "operations.without_record",
        "plan.plausible",
    ),
    *("show.progress", "show.text"),
)
OTHERS = (
    "encodings.idna",
    "netrc",
    "boto3",
    "botocore.client",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.retries.standard",
)
_MOST = 200_000
"""Bytes of a request: the words of a script, and its environment."""


def run_script(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: int | None = None
) -> subprocess.CompletedProcess[str]:
    """``python WORDS``, of which the first is a script; ``stdin`` is a file descriptor, None: there is nothing."""
    if not _is_warm(words, env):
        argv = [sys.executable, *words]
        return subprocess.run(argv, cwd=cwd, env=env, stdin=stdin, capture_output=True, text=True, check=False)
    with open(os.devnull, "rb") as nothing:
        given = nothing.fileno() if stdin is None else stdin
        code, out, err = _parent().run({"words": [*words], "cwd": os.fspath(cwd), "env": dict(env)}, given)
    return subprocess.CompletedProcess(words, code, out, err)


def _is_warm(words: Sequence[str], env: Mapping[str, str]) -> bool:
    """Where an interpreter reads a variable before anything else, only a new one does."""
    return sys.platform == "linux" and words[0].endswith(".py") and _early(env) == _early(_own())


def _early(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(("PYTHON", "LC_", "LANG"))}


def _own() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.fspath(ROOT)}


# --- in the tests' process ---
class _Parent:
    """The process that the scripts are forked from; it ends with this one."""

    def __init__(self) -> None:
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            argv = [sys.executable, __file__, str(other.fileno())]
            self._process = subprocess.Popen(
                argv, env=_own(), cwd="/", stdin=subprocess.DEVNULL, pass_fds=[other.fileno()]
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._control.close()
        self._process.wait(10)

    def run(self, request: dict[str, object], stdin: int) -> tuple[int, str, str]:
        (out, out_end), (err, err_end), (status, status_end) = os.pipe(), os.pipe(), os.pipe()
        ends = [out_end, err_end, status_end]
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [stdin, *ends])
        finally:
            for end in ends:
                os.close(end)
        said = _all_of([out, err, status])
        return int(said[2]), said[0].decode(), said[1].decode()


def _all_of(ends: list[int]) -> list[bytes]:
    """What comes out of these pipes, until nobody holds their other ends."""
    found = {end: bytearray() for end in ends}
    with selectors.DefaultSelector() as waiting:
        for end in ends:
            waiting.register(end, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select():
                data = os.read(key.fd, 65_536)
                found[key.fd] += data
                if not data:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    return [bytes(text) for text in found.values()]


_lock = threading.Lock()
_parents: list[_Parent] = []


def _parent() -> _Parent:
    with _lock:
        if not _parents:
            _parents.append(_Parent())
        return _parents[0]


# --- in the process that scripts are forked from ---
def _serve(control: socket.socket) -> dict[str, object] | None:
    """In a forked process, what to run there; None at the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for those who keep a script
    while True:
        data, ends, _, _ = socket.recv_fds(control, _MOST, 4)
        if not data:
            return None
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            return _kept(json.loads(data), ends)
        for end in ends:
            os.close(end)


def _kept(request: dict[str, object], ends: list[int]) -> dict[str, object]:
    """The script's own process gets its request back; this one waits for it, and says how it ended."""
    stdin, out, err, status = ends
    process = os.fork()
    if process == 0:
        os.close(status)
        for number, end in enumerate((stdin, out, err)):
            os.dup2(end, number)
            os.close(end)
        return request
    for end in (stdin, out, err):
        os.close(end)
    os.write(status, str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])).encode())
    os._exit(0)


def _become(request: dict[str, object]) -> str:
    """Folder, environment and streams as they are asked for; the script to run."""
    words, env = request["words"], request["env"]
    assert isinstance(words, list) and isinstance(env, dict)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(str(request["cwd"]))
    time.tzset()
    random.seed()
    tempfile.tempdir = None
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        mode, lines = ("r" if number == 0 else "w"), number == 2 or os.isatty(number)
        new = open(number, mode, 1 if lines else -1, old.encoding, old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    sys.argv = words
    sys.path[0] = os.path.dirname(os.path.realpath(words[0]))
    return str(words[0])


def _main() -> None:
    gc.disable()
    for name in (*(f"multi_env_lambda.{name}" for name in IMPORTED), *OTHERS):
        importlib.import_module(name)
    main = importlib.import_module("multi_env_lambda.cli.main")
    for module in sorted({module for module, _ in main.VERBS.values()}):
        importlib.import_module(f"multi_env_lambda.cli.{module}")
    gc.freeze()
    gc.enable()
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        runpy.run_path(_become(request), run_name="__main__")


if __name__ == "__main__":
    _main()
