"""Seconds and AWS calls of the usual stories: ``python benchmarks/measure.py FOLDER [--to prod]``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from multi_env_lambda import Workspace
from multi_env_lambda.local.config_file import environment_variables, write_config
from multi_env_lambda.testing.faults import FaultProxy
from multi_env_lambda.testing.local_cloud import running_local_cloud


@attrs.frozen
class Measured:
    story: str
    seconds: float
    calls: int


def measure(story: str, proxy: FaultProxy, act: Callable[[], object]) -> Measured:
    proxy.forget_calls()
    began = time.perf_counter()
    act()
    return Measured(story, time.perf_counter() - began, len(proxy.log))


def one_changed_line(root: Path) -> None:
    file = sorted(root.glob("projects/*/*/main.py"))[0]
    text = file.read_text(encoding="utf-8")
    file.write_text(text + f"\nCHANGED = {time.time_ns()}\n", encoding="utf-8")


def stories(root: Path, to: str, proxy: FaultProxy) -> list[Measured]:
    def deploy() -> None:
        Workspace.open(root, local=False).deploy(to=to)

    found = [
        measure("plan of everything", proxy, lambda: Workspace.open(root, local=False).plan(to=to)),
        measure("first deploy", proxy, deploy),
        measure("nothing changed", proxy, deploy),
    ]
    one_changed_line(root)
    return [*found, measure("one changed line", proxy, deploy)]


def show(found: list[Measured]) -> None:
    base = next(each for each in found if each.story == "nothing changed")
    print(f"{'story':<20} {'seconds':>8} {'ratio':>7} {'calls':>6} {'ratio':>7}")
    for each in found:
        ratios = each.seconds / base.seconds, each.calls / max(base.calls, 1)
        print(f"{each.story:<20} {each.seconds:>8.2f} {ratios[0]:>7.1f} {each.calls:>6} {ratios[1]:>7.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", default="prod")
    asked = parser.parse_args()
    root = asked.folder.resolve()
    config = Workspace.open(root, local=False).config
    with running_local_cloud(root, config) as cloud, FaultProxy(cloud.endpoint) as proxy:
        through = attrs.evolve(cloud, endpoint=proxy.endpoint)
        write_config(through, config)
        os.environ.update(environment_variables(through))
        show(stories(root, asked.to, proxy))


if __name__ == "__main__":
    main()
