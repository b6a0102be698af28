"""A script of a warm process is a process like any other: its own folder, environment, streams and end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.house import ROOT
from tests.tools.warm import run_script

pytestmark = pytest.mark.story

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def ran(text: str, *words: str, stdin: int | None = None, **env: str) -> CompletedProcess[str]:
        scratch = tmp_path / f"{threading.get_ident()}"
        scratch.write_text(text, "utf-8")
        scratch.replace(tmp_path / "script.py")  # as a whole: another thread's process may be reading it
        return run_script(
            ["script.py", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, stdin=stdin
        )

    return ran


def test_it_has_its_words_its_folder_its_environment_and_its_streams(run: Run, tmp_path: Path) -> None:
    (tmp_path / "typed").write_text("yes", "utf-8")
    say = (
        "import os, sys; print(sys.argv, os.getcwd(), os.environ['OWN'], sys.stdin.read()); print('é', file=sys.stderr)"
    )
    with open(tmp_path / "typed", "rb") as typed:
        done = run(say, "--only", "orders", stdin=typed.fileno(), OWN="here")

    assert (done.stdout, done.stderr) == (f"['script.py', '--only', 'orders'] {tmp_path} here yes\n", "é\n")
    assert run("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"
    assert "OWN" not in os.environ


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("pass", 0, ""),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no')", 1, "no\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import atexit, sys; atexit.register(lambda: print('end', file=sys.stderr))", 0, "end\n"),
    ],
)
def test_it_ends_as_any_other_does(run: Run, text: str, code: int, said: str) -> None:
    done = run(text)

    assert done.returncode == code
    assert done.stderr.endswith(said) and bool(done.stderr) == bool(said)


def test_what_one_does_to_its_modules_no_other_sees(run: Run) -> None:
    text = "import os, multi_env_lambda as m; print(os.getpid(), hasattr(m, 'mine')); m.mine = 1"
    with ThreadPoolExecutor(4) as many:
        said = [done.stdout.split() for done in many.map(lambda _: run(text), range(8))]

    assert {found for _, found in said} == {"False"}
    assert len({process for process, _ in said}) == 8


def test_what_an_interpreter_reads_first_makes_a_new_one(run: Run) -> None:
    flag = "import sys; print(sys.flags.utf8_mode, 'boto3' in sys.modules)"

    assert run(flag, PYTHONUTF8="1").stdout == "1 False\n"
    assert run(flag).stdout.endswith("True\n") or sys.platform != "linux"
