"""Seconds, AWS calls and memory of the usual stories: ``python benchmarks/measure.py FOLDER [--to prod]``."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from multi_env_lambda import Workspace
from multi_env_lambda.local.config_file import environment_variables, write_config
from multi_env_lambda.testing.local_cloud import running_local_cloud
from tests.tools.faults import FaultProxy

ROLLED_BACK = 20


@attrs.frozen
class Measured:
    """One story. ``memory`` is this process's peak so far, in MiB; None where another process did the work."""

    story: str
    seconds: float
    calls: int | None
    memory: int | None


def measure(story: str, proxy: FaultProxy, act: Callable[[], object]) -> Measured:
    proxy.forget_calls()
    began = time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    return Measured(story, seconds, len(proxy.log), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def change_line(file: Path) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"\nCHANGED = {time.time_ns()}\n")


def change(root: Path, units: int) -> None:
    for folder in sorted(root.glob("projects/*"))[:units]:
        change_line(next(folder.glob("*/main.py")))


def stories(root: Path, to: str, proxy: FaultProxy) -> list[Measured]:
    """Every story opens the workspace anew, as a command does."""

    def opened() -> Workspace:
        return Workspace.open(root, local=False)

    def deploy(to: str) -> Callable[[], object]:
        return lambda: opened().deploy(to=to)

    def roll_back() -> None:
        workspace = opened()
        workspace.rollback(list(workspace.projects)[:ROLLED_BACK], first)

    chain = [environment.name for environment in opened().config.environments]
    first, second = chain[0], chain[1]
    found = [
        measure(f"plan {first}, all new", proxy, lambda: opened().plan(to=first)),
        measure(f"deploy {first}, all new", proxy, deploy(first)),
        measure(f"deploy {to}, all new there", proxy, deploy(to)),
        measure(f"deploy {first}, no change", proxy, deploy(first)),
        measure(f"deploy {to}, no change", proxy, deploy(to)),
        measure(f"plan {first}, no change", proxy, lambda: opened().plan(to=first)),
        measure("status", proxy, lambda: opened().status()),
    ]
    change(root, 1)
    found.append(measure(f"deploy {first}, one line", proxy, deploy(first)))
    found.append(measure(f"promote {second}, one line", proxy, lambda: opened().promote(to=second)))
    found.append(measure(f"deploy {to}, the same line", proxy, deploy(to)))
    change(root, ROLLED_BACK)
    found.append(measure(f"deploy {first}, {ROLLED_BACK} units", proxy, deploy(first)))
    found.append(measure(f"rollback of {ROLLED_BACK} units", proxy, roll_back))
    return found


def starts(root: Path) -> list[Measured]:
    """Whole processes that need no cloud."""
    module = [sys.executable, "-m", "multi_env_lambda"]
    commands = {"import": [sys.executable, "-c", "import multi_env_lambda"], "--help": [*module, "--help"]}
    return [_timed(name, words, root) for name, words in commands.items()]


def _timed(story: str, words: list[str], folder: Path) -> Measured:
    began = time.perf_counter()
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Measured(story, time.perf_counter() - began, None, None)


def show(found: list[Measured], base: str) -> None:
    unit = next(each.seconds for each in found if each.story == base)
    print(f"{'story':<30} {'seconds':>8} {'ratio':>7} {'calls':>6} {'MiB':>5}")
    for each in found:
        calls, memory = ("" if value is None else str(value) for value in (each.calls, each.memory))
        print(f"{each.story:<30} {each.seconds:>8.2f} {each.seconds / unit:>7.1f} {calls:>6} {memory:>5}")


@contextmanager
def behind_a_proxy(root: Path) -> Iterator[tuple[FaultProxy, dict[str, str]]]:
    """A local cloud behind a proxy, and the variables that lead this library there."""
    config = Workspace.open(root, local=False).config
    with running_local_cloud(root, config) as cloud, FaultProxy(cloud.endpoint) as proxy:
        through = attrs.evolve(cloud, endpoint=proxy.endpoint)
        write_config(through, config)
        yield proxy, environment_variables(through)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", default="prod")
    asked = parser.parse_args()
    root = asked.folder.resolve()
    with behind_a_proxy(root) as (proxy, environment):
        os.environ.update(environment)
        found = stories(root, asked.to, proxy)
    found += starts(root)
    show(found, f"deploy {asked.to}, no change")


if __name__ == "__main__":
    main()
