"""Which modules import each other in a circle."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tests.house import absolute

__all__ = ["circles", "imported_modules"]

Graph = Mapping[str, Collection[str]]


def imported_modules(path: Path, nodes: Iterable[ast.AST], known: Collection[str]) -> set[str]:
    """The modules of ``known`` that these nodes name: ``from package import module`` is the module, too."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = absolute(path, node)
            below = {f"{source}.{alias.name}" for alias in node.names}
            # A package is left out where only modules of it are named: each of them would be in a circle with it.
            found |= below & set(known) if below <= set(known) else {source, *below}
    return found & set(known)


def circles(graph: Graph) -> set[frozenset[str]]:
    """The sets of two and more modules of which each leads to each other one."""
    reached = {name: _reached(graph, name) for name in graph}
    return {
        frozenset(other for other in reached[name] if name in reached.get(other, ()))
        for name in graph
        if name in reached[name]
    }


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
