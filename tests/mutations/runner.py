"""Run the named tests of mutations against changed copies of the package, two at a time, and tell how each ended.

Each run is a process of its own, forked from one that has pytest and the libraries of others loaded already, and never
anything of this package: starting all of that anew would be most of the time.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import attrs

from tests.mutations.mutation import Mutation, mutated_copy, problem_of
from tests.mutations.only_the_copy import VARIABLE

__all__ = ["Ending", "Verdict", "control", "judge", "judge_all"]

Ending = Literal["caught", "SURVIVED", "NOT APPLICABLE"]

WORKERS = 2
SECONDS = 300.0
"""More than any named test takes; that something hangs is no proof of anything."""

_PASSED, _FAILED, _NO_TESTS = 0, 1, 5

_HOME = Path("/home/sbx_user1051")
"""The home that functions are told. Code that a mutation lets out of its sandbox, as root, may make it on this machine,
where later tests would find it."""
_OF_OTHERS = [
    "pytest",
    "moto",
    "moto.s3.models",
    "moto.sts.models",
    "rich.table",
    "click",
    "hypothesis",
    "cottonformation",
]
_LINES = 15

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_OF_OTHERS, "tests.mutations.runner"])


@attrs.frozen(kw_only=True)
class Verdict:
    """How one mutation ended. ``noticed``: the test that failed; ``why``: what stood in the way."""

    mutation: Mutation
    ending: Ending
    seconds: float = 0.0
    noticed: str = ""
    why: str = ""


def judge(mutation: Mutation, root: Path) -> Verdict:
    """Make the change in a copy of the package, and run its tests until the first of them fails.

    Only a failed test counts as noticing: a copy that cannot be imported proves nothing.
    """
    problem = problem_of(mutation, root)
    if problem:
        return Verdict(mutation=mutation, ending="NOT APPLICABLE", why=problem)
    started = time.monotonic()
    status, output = _run(mutation, mutation.tests, root)
    seconds = time.monotonic() - started
    if status == _FAILED:
        return Verdict(mutation=mutation, ending="caught", seconds=seconds, noticed=_first_failure(output))
    if status == _PASSED:
        return Verdict(mutation=mutation, ending="SURVIVED", seconds=seconds)
    why = f"pytest ended with {status}: {output}"
    return Verdict(mutation=mutation, ending="NOT APPLICABLE", seconds=seconds, why=why)


def judge_all(mutations: Iterable[Mutation], root: Path, told: Callable[[Verdict], None]) -> list[Verdict]:
    """All of them, in their order."""

    def one(mutation: Mutation) -> Verdict:
        verdict = judge(mutation, root)
        told(verdict)
        return verdict

    was_there = _HOME.exists()
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(one, mutations))
    finally:
        if not was_there:
            shutil.rmtree(_HOME, ignore_errors=True)


def control(mutations: Iterable[Mutation], root: Path) -> str:
    """Run every named test against an unchanged copy: red says something only where green was possible.

    Gives what failed, or nothing.
    """
    tests = sorted({test for mutation in mutations for test in mutation.tests})
    with ThreadPoolExecutor(WORKERS) as pool:
        ended = list(pool.map(lambda part: _unchanged(part, root), [tests[0::2], tests[1::2]]))
    return "\n".join(output for status, output in ended if status not in (_PASSED, _NO_TESTS))


def _unchanged(tests: Sequence[str], root: Path) -> tuple[int | None, str]:
    """Twice where it is red: on a machine that is busy with something else, one of thousands may not be in time."""
    status, output = _run(None, tests, root)
    return (status, output) if status in (_PASSED, _NO_TESTS) else _run(None, tests, root)


def _run(mutation: Mutation | None, tests: Sequence[str], root: Path) -> tuple[int | None, str]:
    """pytest's exit code and the end of what it said."""
    if not tests:
        return _NO_TESTS, ""
    with tempfile.TemporaryDirectory(prefix="multi_env_lambda-mutation-") as scratch:
        folder = Path(os.path.realpath(scratch))
        mutated_copy(mutation, root, folder)
        said = folder / "said.txt"
        process = _context.Process(target=_pytest, args=(folder, root, said, tuple(tests)))
        process.start()
        process.join(SECONDS if mutation is not None else None)
        if process.exitcode is None:
            process.kill()
            process.join()
            return None, f"no end after {SECONDS:.0f} s"
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() if said.exists() else []
        return process.exitcode, "\n".join(lines[-_LINES:])


def _pytest(folder: Path, root: Path, said: Path, tests: Sequence[str]) -> None:
    """In a process of its own: run the tests with the copy in ``folder`` in place of the package."""
    handle = os.open(said, os.O_WRONLY | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.chdir(root)
    # The variable is for programs that a test starts.
    os.environ["PYTHONPATH"] = os.pathsep.join((str(folder), str(root)))
    os.environ[VARIABLE] = str(folder)
    _forget_the_package()
    import pytest

    options = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "tests.mutations.only_the_copy"]
    options += ["-m", "not long and not network", "-o", f"pythonpath={folder} {root}"]
    status = pytest.main([*options, *(f"tests/{test}" for test in tests)])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(status))


def _forget_the_package() -> None:
    """All tests of a process share the server that forks, and another one may have let it import the package."""
    for name in list(sys.modules):
        top, _, rest = name.partition(".")
        if top == "multi_env_lambda" or (top == "tests" and rest and not rest.startswith("mutations")):
            del sys.modules[name]


def _first_failure(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return lines[0].split(" ", 1)[1].partition(" - ")[0] if lines else ""
