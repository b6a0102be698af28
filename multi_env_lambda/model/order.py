"""Dependency order of units: each one after those it needs, alphabetical among equals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["dependents", "in_order"]


def in_order(projects: Iterable[Project]) -> tuple[tuple[str, ...], ...]:
    """The names in waves: a unit stands in the first wave in which all that it needs is done.

    With orders → customers, reports → orders and nightly alone: (customers, nightly), (orders,), (reports,).
    """
    units = {project.name: project for project in projects}
    for name in sorted(units):
        _check_needs(units[name], units)
    waves: list[tuple[str, ...]] = []
    done: set[str] = set()
    while len(done) < len(units):
        wave = tuple(sorted(name for name in units.keys() - done if done.issuperset(units[name].needs)))
        if not wave:
            _refuse_cycle(units, units.keys() - done)
        waves.append(wave)
        done.update(wave)
    return tuple(waves)


def dependents(projects: Iterable[Project], names: Iterable[str]) -> frozenset[str]:
    """All units that need one of ``names``, directly or through others; not the names themselves."""
    units = tuple(projects)
    start = frozenset(names)
    found = start
    while True:
        more = found | {unit.name for unit in units if not found.isdisjoint(unit.needs)}
        if more == found:
            return found - start
        found = more


def _where(project: Project) -> str:
    return f"{project.folder}/pyproject.toml [tool.multi_env_lambda] needs"


def _check_needs(project: Project, units: Mapping[str, Project]) -> None:
    for need in project.needs:
        if need not in units:
            others = sorted(units.keys() - {project.name})
            what = f"there is no unit `{need}`, allowed is {enumerated(others) or 'nothing: there is no other unit'}"
            raise ConfigurationError(_where(project), what, hint=did_you_mean(need, others))


def _refuse_cycle(units: Mapping[str, Project], stuck: Iterable[str]) -> None:
    """Walk along the needs among the stuck units until one comes again; from there on it is the cycle."""
    remaining = frozenset(stuck)
    path = [min(remaining)]
    while path[-1] not in path[:-1]:
        path.append(min(remaining.intersection(units[path[-1]].needs)))
    cycle = path[path.index(path[-1]) :]
    first = cycle.index(min(cycle))
    turned = [*cycle[first:-1], *cycle[:first], cycle[first]]
    what = f"the units need each other in a circle: {' → '.join(turned)}"
    raise ConfigurationError(_where(units[turned[0]]), what, hint="remove one of these needs")
