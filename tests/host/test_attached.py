"""A program of the user's runs on the user's terminal, and ends as it wants to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.process import run_attached
from tests.tools.polling import until

ENDS = [
    ("raise SystemExit(7)", 7),
    ("print('done')", 0),
    ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
]
WAITS = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(5))
open(sys.argv[1], "w").close()
signal.pause()
"""
RUNS = """
import os, sys
from multi_env_lambda.host.process import run_attached
sys.exit(run_attached([sys.executable, "-c", sys.argv[1], sys.argv[2]], env=os.environ, where="shell", hint=""))
"""


def attached(*argv: str) -> int:
    return run_attached(argv, env=os.environ, where="shell", hint="name a program that is on the PATH")


@pytest.mark.parametrize(("code", "status"), ENDS)
def test_its_exit_status_is_ours(code: str, status: int) -> None:
    assert attached(sys.executable, "-c", code) == status


def test_it_has_our_standard_streams(capfd: pytest.CaptureFixture[str]) -> None:
    attached(sys.executable, "-c", "print('hello')")

    assert capfd.readouterr().out == "hello\n"


@pytest.mark.parametrize("name", ["no-such-program", "/", "a\0b"])
def test_what_is_no_program_is_told(name: str) -> None:
    with pytest.raises(ToolError, match="could not be started") as caught:
        attached(name)
    assert caught.value.hint == "name a program that is on the PATH"


def test_ctrl_c_is_the_programs(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ours = subprocess.Popen([sys.executable, "-c", RUNS, WAITS, os.fspath(ready)], start_new_session=True)
    until(ready.exists, True)

    os.killpg(ours.pid, signal.SIGINT)

    assert ours.wait(timeout=60) == 5
