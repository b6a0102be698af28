"""The same functions by this library and its peers, in pairs: ``python -m benchmarks.peers [--units 50] [--pairs 3]``.

Each pair has a local cloud of its own, into which this library and every peer that is installed (``sam``, ``cdk`` with
``aws-cdk-lib``, ``sceptre``) bring the same functions, each command as a process that starts cold, all through one
proxy that counts and may delay. A row is one job: seconds and CPU seconds of the whole process tree of both, their
calls, and how many times as long the peer takes.

It is not the same work. This library also imports every handler as Lambda would, compares the code that runs, and
invokes each function; CDK is given finished trees; sceptre builds nothing, and is given code that is in S3 already.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.generate import generate
from benchmarks.goals import cpu_of_children
from benchmarks.measure import behind_a_proxy, change_line
from benchmarks.peer_files import Peer, installed
from multi_env_lambda.host.folders import user_cache
from tests.tools.faults import Delay, FaultProxy

GOALS = {
    ("build", "sam"): 2.5,
    ("first deploy", "cdk"): 4.0,
    ("first deploy", "sam"): 6.0,
    ("no change", "sam"): 60.0,
    ("no change", "cdk"): 15.0,
    ("no change", "sceptre"): 3.0,
    ("one line, named", "cdk"): 8.0,
    ("one line, named", "sceptre"): 3.0,
}
"""How many times as long, by the clock, a peer is meant to take at least."""

FIRST = "sandbox"
OURS = [sys.executable, "-m", "multi_env_lambda"]
JOBS: Mapping[str, Sequence[str]] = {
    "build": ["build", FIRST],
    "first deploy": ["deploy", FIRST, "--yes"],
    "no change": ["deploy", FIRST, "--yes"],
    "one line, named": ["deploy", "unit-000", FIRST, "--yes"],
    "one line, all": ["deploy", FIRST, "--yes"],
}


@attrs.frozen
class Took:
    """One process and its children."""

    seconds: float
    cpu: float
    calls: int


@attrs.frozen
class Pair:
    job: str
    peer: str
    ours: Took
    theirs: Took

    @property
    def ratio(self) -> float:
        return self.theirs.seconds / self.ours.seconds


def took(words: Sequence[str], folder: Path, environment: Mapping[str, str], proxy: FaultProxy) -> Took:
    """Run a command to its end; what it prints is shown only if it fails."""
    proxy.forget_calls()
    before, began = cpu_of_children(), time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=dict(environment), capture_output=True, text=True)
    seconds, cpu = time.perf_counter() - began, cpu_of_children() - before
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return Took(seconds, cpu, len(proxy.log))


def rounds(
    root: Path, environment: Mapping[str, str], proxy: FaultProxy, peers: Sequence[Peer]
) -> Iterator[tuple[str, str, Took]]:
    """(job, tool, what it took) for every job, this library first."""
    for job, words in JOBS.items():
        if job.startswith("one line"):
            change_line(next(root.glob("projects/unit-000/*/main.py")))
        if job == "build":
            shutil.rmtree(root / ".multi_env_lambda" / "cache", ignore_errors=True)
        yield job, "", took([*OURS, *words], root, environment, proxy)
    for peer in peers:
        for job, command in peer.jobs.items():
            if job.startswith("one line"):
                peer.change()
            yield job, peer.name, took(command, peer.folder, peer.environment, proxy)


def pair(folder: Path, units: int, milliseconds: int, names: Sequence[str], *, heavy: bool) -> list[Pair]:
    """Every job once by everybody, in accounts that have nothing yet."""
    root = folder / "workspace"
    generate(units, root, layers=4, heavy=heavy)
    with behind_a_proxy(root) as (proxy, environment):
        proxy.set_rules(*([Delay(match="*", seconds=milliseconds / 1000)] if milliseconds else []))
        peers = installed(folder, root, environment, proxy.endpoint, names)
        found = {(job, tool): measured for job, tool, measured in rounds(root, environment, proxy, peers)}
    return [
        Pair(job=job, peer=tool, ours=found[job, ""], theirs=measured)
        for (job, tool), measured in found.items()
        if tool
    ]


def rows(pairs: Sequence[Pair]) -> Iterator[str]:
    yield f"{'job':<16} {'peer':<8} {'ours: s (CPU) calls':>22} {'theirs: s (CPU) calls':>24} {'ratio (CPU)':>13}  goal"
    for job, peer in dict.fromkeys((each.job, each.peer) for each in pairs):
        some = [each for each in pairs if (each.job, each.peer) == (job, peer)]
        ours, theirs = (_middle([getattr(each, side) for each in some]) for side in ("ours", "theirs"))
        ratio = statistics.median(each.ratio for each in some)
        by_cpu = statistics.median(each.theirs.cpu / each.ours.cpu for each in some)
        goal = GOALS.get((job, peer))
        mark = "" if goal is None else f"{goal:>5.1f} {'ok' if ratio >= goal else 'FALLS SHORT'}"
        yield f"{job:<16} {peer:<8} {ours:>22} {theirs:>24} {ratio:>6.1f} ({by_cpu:>4.1f}) {mark}"


def _middle(some: Sequence[Took]) -> str:
    seconds, cpu, calls = (statistics.median(values) for values in zip(*map(attrs.astuple, some), strict=True))
    return f"{seconds:.1f} ({cpu:.1f}) {calls:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--delay", type=int, default=0, metavar="MS", help="milliseconds that each call waits before")
    parser.add_argument("--peers", default="sam,cdk,sceptre", help="which of them, if they are installed")
    parser.add_argument("--heavy", action="store_true", help="every tenth function needs numpy")
    asked = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = str(user_cache() / "benchmarks")
    done: list[Pair] = []
    for _ in range(asked.pairs):
        with tempfile.TemporaryDirectory() as folder:
            done += pair(Path(folder), asked.units, asked.delay, asked.peers.split(","), heavy=asked.heavy)
    print("\n".join(rows(done)) if done else "none of them is installed")


if __name__ == "__main__":
    main()
