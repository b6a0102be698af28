"""Dependency order of units: each one after those that it needs, alphabetical among equals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.outline import Needing
from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["in_order", "wrong_needs"]


def in_order(projects: Iterable[Needing]) -> tuple[tuple[str, ...], ...]:
    """The names in waves: a unit is in the first wave in which everything that it needs is done.

    With orders → customers, reports → orders and nightly alone: (customers, nightly), (orders,), (reports,).
    A need that is not among the units counts as done.
    """
    graph = _graph({project.name: project for project in projects})
    graph.prepare()
    waves: list[tuple[str, ...]] = []
    while graph.is_active():
        waves.append(tuple(sorted(graph.get_ready())))
        graph.done(*waves[-1])
    return tuple(waves)


def wrong_needs(projects: Iterable[Needing], known: Collection[str]) -> dict[str, ConfigurationError]:
    """By folder, the units that need what is not in ``known`` (the names of all units), or that form a cycle."""
    units = {project.name: project for project in projects}
    faults: dict[str, ConfigurationError] = {}
    for name in sorted(units):
        unmet = _unmet(units[name], known)
        if unmet is not None:
            faults[units.pop(name).folder] = unmet
    while circle := _circle(units):
        for position, name in enumerate(circle):
            turned = [*circle[position:], *circle[:position], name]
            what = f"circular dependency: {' → '.join(turned)}"
            faults[units[name].folder] = _fault(units[name], what, "remove one of these `needs`")
        for name in circle:
            del units[name]
    return faults


def _graph(units: Mapping[str, Needing]) -> TopologicalSorter[str]:
    return TopologicalSorter({name: [need for need in unit.needs if need in units] for name, unit in units.items()})


def _circle(units: Mapping[str, Needing]) -> list[str]:
    """Units of which each needs the next, and the last one the first; empty if there is no cycle."""
    try:
        _graph(units).prepare()
    except CycleError as error:
        # graphlib reports it in reverse, with the first one again at the end.
        found: list[str] = error.args[1]
        return found[:0:-1]
    return []


def _unmet(project: Needing, known: Collection[str]) -> ConfigurationError | None:
    for need in project.needs:
        if need not in known:
            others = sorted(set(known) - {project.name})
            what = f"there is no unit `{need}`; expected {enumerated(others) or 'nothing: there is no other unit'}"
            return _fault(project, what, did_you_mean(need, others, listed=True))
    return None


def _fault(project: Needing, what: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"{project.folder}/pyproject.toml [tool.multi_env_lambda] needs", what, hint=hint)
