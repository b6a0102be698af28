"""Dependency order of units: each one after those it needs, alphabetical among equals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["in_order"]


def in_order(projects: Iterable[Project]) -> tuple[tuple[str, ...], ...]:
    """The names in waves: a unit stands in the first wave in which all that it needs is done.

    With orders → customers, reports → orders and nightly alone: (customers, nightly), (orders,), (reports,).
    """
    units = {project.name: project for project in projects}
    for name in sorted(units):
        _check_needs(units[name], units)
    graph = TopologicalSorter({name: unit.needs for name, unit in units.items()})
    try:
        graph.prepare()
    except CycleError as error:
        raise _circle(units, error.args[1]) from None
    waves: list[tuple[str, ...]] = []
    while graph.is_active():
        waves.append(tuple(sorted(graph.get_ready())))
        graph.done(*waves[-1])
    return tuple(waves)


def _where(project: Project) -> str:
    return f"{project.folder}/pyproject.toml [tool.multi_env_lambda] needs"


def _check_needs(project: Project, units: Mapping[str, Project]) -> None:
    for need in project.needs:
        if need not in units:
            others = sorted(units.keys() - {project.name})
            what = f"there is no unit `{need}`, allowed is {enumerated(others) or 'nothing: there is no other unit'}"
            raise ConfigurationError(_where(project), what, hint=did_you_mean(need, others))


def _circle(units: Mapping[str, Project], found: list[str]) -> ConfigurationError:
    """``found`` is the circle as graphlib says it: each is needed by the next, and the first comes again at the end."""
    needing = found[:0:-1]
    first = needing.index(min(needing))
    turned = [*needing[first:], *needing[:first], needing[first]]
    what = f"the units need each other in a circle: {' → '.join(turned)}"
    return ConfigurationError(_where(units[turned[0]]), what, hint="remove one of these needs")
