"""Finds variables with a value of another unit that nobody hands over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.model.resources import OwnParameter
from multi_env_lambda.model.settings import Settings, UnitValue

__all__ = ["wrong_values"]


def wrong_values(projects: Iterable[Project]) -> dict[str, ConfigurationError]:
    """By folder, the units that read a value of a unit that they do not need, or that it does not have.

    A unit that cannot be read is not blamed: whether the value is there is found before anything is written.
    """
    units = {project.name: project for project in projects}
    faults: dict[str, ConfigurationError] = {}
    for project in units.values():
        for environment, settings in project.settings.items():
            for place, value in _read(settings):
                problem = _problem(project, value, environment, units)
                if problem is not None:
                    where = f"{project.folder}/pyproject.toml [tool.multi_env_lambda.{place}]"
                    faults.setdefault(project.folder, ConfigurationError(where, problem[0], hint=problem[1]))
    return faults


def _read(settings: Settings) -> Iterator[tuple[str, UnitValue]]:
    for function in settings.functions:
        for name, value in function.environment:
            if isinstance(value, UnitValue):
                yield f"functions.{function.key}.environment.{name}", value


def _problem(
    project: Project, value: UnitValue, environment: str, units: Mapping[str, Project]
) -> tuple[str, str] | None:
    if value.unit == project.name:
        return "a unit names its own parameters without `unit`", f'write {{ parameter = "{value.parameter}" }}'
    if value.unit not in project.needs:
        what = f"it is a value of `{value.unit}`, which the unit does not need"
        return what, f'add "{value.unit}" to `needs`, so that it is deployed first'
    if value.unit not in units:
        return None
    there = units[value.unit].settings[environment].resources
    known = [each.key for each in there if isinstance(each, OwnParameter)]
    if value.parameter in known:
        return None
    add = f"add [tool.multi_env_lambda.parameters.{value.parameter}] to {value.unit}"
    near = did_you_mean(value.parameter, known) if known else ""
    hint = f"{near} Or {add}" if near.endswith("?") else add
    return f"`{value.unit}` has no parameter `{value.parameter}` in {environment}", hint
