"""Units whose functions get the layer of another unit: which unit that is, and why it cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import did_you_mean

__all__ = ["LentLayer", "folders_of", "lent", "wrong_lenders"]


@attrs.frozen(kw_only=True)
class LentLayer:
    """The layer of another unit, by its content: in each account, that unit's stack has published it.

    ``digest`` is that of what it is made from, ``sha256`` that of its zip; both hexadecimal.
    """

    unit: str
    digest: str
    sha256: str


def lent(projects: Iterable[Project]) -> tuple[Project, ...]:
    """The units, each with the one whose layer it gets; without it, if that one cannot be read."""
    units = tuple(projects)
    known = {project.name: project for project in units}
    return tuple(attrs.evolve(each, lender=known.get(each.layer_of)) if each.layer_of else each for each in units)


def folders_of(project: Project) -> tuple[str, ...]:
    """The folders that a release of a unit is built from: its own first, then the others, sorted."""
    lender = project.lender
    others = () if lender is None else (lender.folder, *lender.shared)
    return project.folder, *sorted({*project.shared, *others} - {project.folder})


def wrong_lenders(projects: Iterable[Project], known: Iterable[str]) -> dict[str, ConfigurationError]:
    """By folder, the units that get a layer which they cannot get; ``known`` are the names of all units."""
    units, names = {project.name: project for project in projects}, set(known)
    problems = ((unit, _problem(unit, units, names)) for unit in units.values() if unit.layer_of)
    return {
        unit.folder: ConfigurationError(
            f"{unit.folder}/pyproject.toml [tool.multi_env_lambda]", f"layer_of: {problem[0]}", hint=problem[1]
        )
        for unit, problem in problems
        if problem is not None
    }


def _problem(unit: Project, units: Mapping[str, Project], known: set[str]) -> tuple[str, str] | None:
    name = unit.layer_of
    if name not in known:
        return f"there is no unit `{name}`", did_you_mean(name, sorted(known - {unit.name})) or "correct the name"
    if name not in unit.needs:
        return f"the unit does not need `{name}`", f'add "{name}" to `needs`, so that it is deployed first'
    if any(settings.jobs for settings in unit.settings.values()):
        return "a unit with Glue jobs needs a lock of its own", "put the jobs into another unit"
    if unit.layer_for_others:
        return "a unit that gets a layer has none for others", "remove one of `layer_of` and `layer_for_others`"
    if name not in units:
        return f"`{name}` cannot be read, and its layer cannot be built", f"correct {name} first"
    return _difference(unit, units[name])


def _difference(unit: Project, lender: Project) -> tuple[str, str] | None:
    if not lender.layer_for_others:
        return f"`{lender.name}` has no layer for others", f"add `layer_for_others = true` to {lender.name}"
    for key in ("runtime", "architecture"):
        own, other = getattr(unit, key), getattr(lender, key)
        if own != other:
            return f"`{lender.name}` has {key} {other}, this unit has {own}", f"give both the same `{key}`"
    return None
