"""Code of others reaches nothing beyond its files, and nothing of it is left when it has ended."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from multi_env_lambda.host import sandbox
from multi_env_lambda.host.confined import Bounds, run_confined
from tests.tools.polling import until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in sandbox._MACHINES, reason="seccomp is of Linux"
)
FLOOD = "import sys; sys.stderr.write('begin' + 'x' * 5_000_000 + 'end')"


def test_of_a_flood_the_beginning_and_the_end_are_kept() -> None:
    said = run_confined([sys.executable, "-c", FLOOD], Bounds(), where="w").said

    assert (said[:6], said[-4:], len(said) < 3_000_000) == ("beginx", "xend", True)


TRIES = """
import ctypes, json, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
numbers, path, parent = json.load(sys.stdin), sys.argv[1].encode(), int(sys.argv[2])
def call(name, *words):
    words = [ctypes.c_char_p(w) if isinstance(w, bytes) else ctypes.c_long(w) for w in words]
    done = libc.syscall(ctypes.c_long(numbers[name]), *words)
    return os.strerror(ctypes.get_errno()) if done < 0 else done
def said(do, *words):
    try:
        return do(*words)
    except OSError as error:
        return error.strerror
found = {name: call(name, *[0] * 6) for name in numbers}
found["chmod of a file"] = said(os.chmod, path, 0o666)
found["touch of a file"] = said(os.utime, path, (1, 1))
found["limit of another"] = said(resource.prlimit, parent, resource.RLIMIT_CPU, (1, 1))
found["own limit"] = said(resource.prlimit, 0, resource.RLIMIT_CORE) is not None
found["processor of another"] = said(os.sched_setaffinity, parent, {0})
found["own processors"] = said(os.sched_setaffinity, 0, os.sched_getaffinity(0))
print(json.dumps(found))
"""
DAEMON = """
import os, sys
if os.fork() == 0:
    os.setsid()
    os.setpgid(0, 0)
    if os.fork() == 0:
        os.setsid()
        os.execv(sys.executable, [sys.executable, "-c", "import signal; signal.pause()", sys.argv[1]])
    os._exit(0)
os.wait()
"""


def tried(tmp_path: Path, bounds: Bounds, calls: dict[str, dict[str, int]]) -> tuple[dict[str, object], Path]:
    secret = tmp_path / "credentials"
    secret.write_text("canary")
    secret.chmod(0o600)
    numbers = {name: number for name, by in calls.items() if (number := by.get(platform.machine()))}
    words = [sys.executable, "-c", TRIES, secret, str(os.getpid())]
    ended = run_confined(words, bounds, where="w", stdin=json.dumps(numbers).encode())
    assert (ended.status, ended.said) == (0, "")
    return json.loads(ended.answer), secret


@pytest.mark.parametrize("children", [True, False])
def test_it_touches_no_key_no_other_process_and_no_attribute(tmp_path: Path, children: bool) -> None:
    bounds = Bounds(children=children, attributes=False)
    found, secret = tried(tmp_path, bounds, {**sandbox._BEYOND, **sandbox._ATTRIBUTES})

    group = {name: found.pop(name) for name in ("setsid", "setpgid")}
    own = {name: found.pop(name) for name in ("own limit", "own processors")}
    assert group == {"setsid": 0, "setpgid": 0}
    assert own == {"own limit": True, "own processors": None}
    assert {str(said) for said in found.values()} == {"Permission denied", "Function not implemented"}
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_build_sets_the_modes_and_times_of_what_it_makes(tmp_path: Path) -> None:
    found, _ = tried(tmp_path, Bounds(), {})

    assert (found["chmod of a file"], found["touch of a file"]) == (None, None)
    assert (found["limit of another"], found["processor of another"]) == ("Permission denied", "Permission denied")


@pytest.mark.parametrize(("flags", "said"), [(17, 0), (17 | 0x10000000, 13), (17 | 0x00020000, 13)])
def test_a_child_is_started_and_not_in_a_namespace_of_its_own(flags: int, said: int) -> None:
    program = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(ctypes.c_long({sandbox._CLONE[platform.machine()]}), ctypes.c_long({flags}), 0, 0, 0, 0)
if child == 0:
    os._exit(0)
print(ctypes.get_errno() if child < 0 else 0)
"""
    ended = run_confined([sys.executable, "-c", program], Bounds(), where="w")

    assert (ended.answer.strip(), ended.said) == (str(said).encode(), "")


def started(marker: str) -> list[str]:
    """The processes that have the word among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:
            continue  # it ended meanwhile
    return found


def test_a_daemon_does_not_outlive_what_started_it(tmp_path: Path) -> None:
    marker = f"canary-{os.getpid()}-{tmp_path.name}"

    ended = run_confined([sys.executable, "-c", DAEMON, marker], Bounds(), where="w")

    assert (ended.status, ended.said, started(marker)) == (0, "", [])


def test_not_even_root_has_a_privilege_and_nothing_that_it_starts(tmp_path: Path) -> None:
    look = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm'))])"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {look!r}]); {look}"

    ended = run_confined([sys.executable, "-c", starts], Bounds(), where="w")

    assert (ended.answer.decode().splitlines(), ended.said) == ([str(["0" * 16] * 2)] * 2, "")


def test_memory_that_is_a_file_is_refused_since_no_limit_counts_it(tmp_path: Path) -> None:
    found, _ = tried(tmp_path, Bounds(), sandbox._MEMORY_FILES)

    assert {found[name] for name in sandbox._MEMORY_FILES} == {"Function not implemented"}


SOCKETS = """
import ctypes, errno, json, os, socket, sys
def said(do, *words):
    try:
        return do(*words) and "done"
    except OSError as error:
        return errno.errorcode[error.errno]
def asked(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)
        return True
found = {name: said(socket.socket, getattr(socket, name)) for name in ("AF_INET", "AF_INET6", "AF_VSOCK", "AF_PACKET")}
found["a file"] = said(asked, sys.argv[1])
found["a pair"] = said(socket.socketpair)
libc = ctypes.CDLL(None, use_errno=True)
made = libc.syscall(ctypes.c_long(425), ctypes.c_long(1), ctypes.create_string_buffer(256))
found["a ring"] = errno.errorcode[ctypes.get_errno()] if made < 0 else "done"
print(json.dumps(found))
"""


def test_who_has_the_network_does_not_have_the_servers_of_this_machine() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/docker.sock")
        server.listen()
        words = [sys.executable, "-c", SOCKETS, f"{folder}/docker.sock"]
        ended = run_confined(words, Bounds(network=True), where="w")

    refused = dict.fromkeys(["AF_VSOCK", "AF_PACKET", "a file"], "EAFNOSUPPORT")
    allowed = dict.fromkeys(["AF_INET", "AF_INET6", "a pair"], "done")
    assert (json.loads(ended.answer), ended.said) == ({**refused, **allowed, "a ring": "ENOSYS"}, "")


# Not in the folder of this repository, which Python would look into first.
OF_THIS_PACKAGE = {**os.environ, "PYTHONPATH": os.fspath(Path(sandbox.__file__).parents[2])}
PROGRAMS = {
    "it has a child": "import subprocess, sys; subprocess.run([sys.executable, '-c', {waits!r}, sys.argv[1]])",
    "it hears of no end": "import ctypes; ctypes.CDLL(None).prctl(1, 0); {waits}",
    "its child is stopped": "import os, signal\nos.fork() or os.kill(os.getpid(), signal.SIGSTOP)\n{waits}",
    "it is a daemon": "import os\nif os.fork() == 0:\n os.setsid()\n if os.fork():\n  os._exit(0)\n{waits}",
}
"""What a stranger may do so that nothing ends it."""
COMMAND = """
import sys
from concurrent.futures import ThreadPoolExecutor
from multi_env_lambda.host.confined import Bounds, run_confined
from multi_env_lambda.host.groups import ended_with_this_process
waiting = sys.argv[2].format(waits="import signal; signal.pause()")
with ended_with_this_process(), ThreadPoolExecutor(1) as pool:
    pool.submit(run_confined, [sys.executable, "-c", waiting, sys.argv[1]], Bounds(), where="w").result()
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGHUP, -signal.SIGHUP), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, -signal.SIGINT)],
)
def test_what_runs_confined_ends_with_the_command_that_a_signal_ends(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    marker = f"canary-{os.getpid()}-{tmp_path.name}"

    with command(marker) as running:
        running.send_signal(number)
        assert running.wait(timeout=20) == status
        until(lambda: started(marker), [])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
@pytest.mark.parametrize("how", sorted(PROGRAMS))
def test_nothing_that_runs_confined_outlives_a_command_that_is_killed(
    tmp_path: Path, how: str, number: signal.Signals
) -> None:
    marker = f"canary-{os.getpid()}-{tmp_path.name}"

    with command(marker, how) as running:
        running.send_signal(number)
        assert running.wait(timeout=20) == -number
        until(lambda: started(marker), [])


@pytest.mark.parametrize(
    ("program", "status"),
    [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 11)", -11), ("import os; os.kill(0, 9)", -9)],
)
def test_it_is_told_how_it_ended(program: str, status: int) -> None:
    assert run_confined([sys.executable, "-c", program], Bounds(), where="w").status == status


@pytest.mark.parametrize(
    ("program", "status", "last"),
    [("", 0, "2"), ("raise SystemExit(7)", 7, ""), ("import os; os.kill(os.getpid(), 9)", -9, "")],
)
def test_it_comes_after_others_and_not_if_one_of_them_fails(program: str, status: int, last: str) -> None:
    before = [[sys.executable, "-c", program]]
    ended = run_confined([sys.executable, "-c", "print(2)"], Bounds(), where="w", before=before)
    assert (ended.status, ended.answer.decode().strip()) == (status, last)


def test_what_comes_before_is_as_confined(tmp_path: Path) -> None:
    write = f"open({os.fspath(tmp_path / 'left')!r}, 'w')"
    ended = run_confined(["/bin/true"], Bounds(), where="w", before=[[sys.executable, "-c", write]])
    assert (ended.status, list(tmp_path.iterdir())) == (1, [])


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    look = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    program = (
        f"from multi_env_lambda.host.groups import ended_with_this_process\nwith ended_with_this_process(): {look}"
    )

    words = ["nohup", sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, check=False, cwd=tmp_path, env=OF_THIS_PACKAGE)

    assert done.stdout == b"True\n"


@contextmanager
def command(marker: str, how: str = "it has a child") -> Iterator[subprocess.Popen[bytes]]:
    """A command whose code of others, and what that has started, runs."""
    words = [sys.executable, "-c", COMMAND, marker, PROGRAMS[how]]
    with subprocess.Popen(words, env=OF_THIS_PACKAGE, cwd="/", stderr=subprocess.DEVNULL) as running:
        try:
            until(lambda: len(waiting(marker)) >= (1 if how == "it hears of no end" else 2), True)
            yield running
        finally:
            end(running, marker)


def end(running: subprocess.Popen[bytes], marker: str) -> None:
    """Leave nothing behind, also if the test fails."""
    running.kill()
    for number in started(marker):
        with suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


def waiting(marker: str) -> list[str]:
    """Those that wait for a signal, or are stopped, of what is confined."""
    found = []
    for number in started(marker):
        with suppress(OSError):
            program = b"".join(Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")[2:3])
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            if program.startswith(b"import ") and state in ("S", "T"):
                found.append(number)
    return found
