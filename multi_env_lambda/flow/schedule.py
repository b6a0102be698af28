"""Run tasks in dependency order, in parallel; a failure holds up only what depends on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import TopologicalSorter
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["run_in_order"]

Outcome = TypeVar("Outcome")


def run_in_order(
    needs: Mapping[str, Collection[str]],
    start: Callable[[str], Outcome],
    skip: Callable[[str, str], Outcome],
    succeeded: Callable[[Outcome], bool],
    *,
    workers: int,
) -> dict[str, Outcome]:
    """Start every task once everything that it needs has succeeded; skip it as soon as one of them has not.

    Tasks that are ready at the same time start in alphabetical order. A need that is not itself a task counts as
    fulfilled. ``needs`` has no cycle (checked where the configuration is read).

    Args:
        skip: called with a task and the need that it lacks; returns the outcome of a task that was never started.
    """
    done: dict[str, Outcome] = {}
    running: dict[Future[Outcome], str] = {}
    finished: SimpleQueue[Future[Outcome]] = SimpleQueue()
    graph = TopologicalSorter({task: [need for need in wanted if need in needs] for task, wanted in needs.items()})
    graph.prepare()
    with ThreadPoolExecutor(workers) as pool:
        while graph.is_active():
            while free := graph.get_ready():
                for task in sorted(free):
                    lacking = next((need for need in sorted(needs[task]) if _failed(need, done, succeeded)), None)
                    if lacking is None:
                        future = pool.submit(start, task)
                        running[future] = task
                        future.add_done_callback(finished.put)
                    else:
                        done[task] = skip(task, lacking)
                        graph.done(task)
            if running:
                # Not ``wait``, which looks at all that run, each time that one of them ends.
                future = finished.get()
                task = running.pop(future)
                done[task] = future.result()
                graph.done(task)
    return done


def _failed(need: str, done: Mapping[str, Outcome], succeeded: Callable[[Outcome], bool]) -> bool:
    return need in done and not succeeded(done[need])
