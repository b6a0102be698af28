"""Finds variables with a value of another unit that nobody hands over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.outline import Claims, ValueRead
from multi_env_lambda.model.reading import did_you_mean

__all__ = ["wrong_values"]


def wrong_values(projects: Iterable[Claims]) -> dict[str, ConfigurationError]:
    """By folder, the units that read a value of a unit that they do not need, or that it does not have.

    A unit that cannot be read is not blamed: whether the value is there is found before anything is written.
    """
    units = {project.name: project for project in projects}
    faults: dict[str, ConfigurationError] = {}
    for project in units.values():
        for read in project.reads:
            problem = _problem(project, read, units)
            if problem is not None:
                where = f"{project.folder}/pyproject.toml [tool.multi_env_lambda.{read.place}]"
                faults.setdefault(project.folder, ConfigurationError(where, problem[0], hint=problem[1]))
    return faults


def _problem(project: Claims, value: ValueRead, units: Mapping[str, Claims]) -> tuple[str, str] | None:
    if value.unit == project.name:
        return "a unit names its own parameters without `unit`", f'write {{ parameter = "{value.parameter}" }}'
    if value.unit not in project.needs:
        what = f"it is a value of `{value.unit}`, which the unit does not need"
        return what, f'add "{value.unit}" to `needs`, so that it is deployed first'
    if value.unit not in units:
        return None
    known = units[value.unit].parameters[value.environment]
    if value.parameter in known:
        return None
    add = f"add [tool.multi_env_lambda.parameters.{value.parameter}] to {value.unit}"
    near = did_you_mean(value.parameter, known) if known else ""
    hint = f"{near} Or {add}" if near.endswith("?") else add
    return f"`{value.unit}` has no parameter `{value.parameter}` in {value.environment}", hint
