"""Finds units that would create the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.outline import Claims
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["find_collisions"]


def find_collisions(
    projects: Iterable[Claims], config: WorkspaceConfig, *, unreadable: Mapping[str, str] = {}
) -> dict[str, ConfigurationError]:
    """By folder, the units that share a package name, or would create the same thing in one account and region.

    It is impossible to tell which of the two is right, so both are refused.

    Args:
        unreadable: the folders of units that could not be read, by their probable names.
    """
    units = sorted(projects, key=lambda project: project.folder)
    faults = _same_name(units, unreadable)
    owners: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    for project in units:
        for environment in config.environments:
            for kind, name in project.made[environment.name]:
                if kind == "function" and _is_of_the_ci(name, environment, config):
                    faults.setdefault(project.folder, _reserved(project.folder, name, environment))
                place = (kind, environment.account_id, environment.region, name)
                if place not in owners:
                    owners[place] = (project.folder, environment.name)
                    continue
                what = _what(kind, name, owners[place], (project.folder, environment.name), environment)
                for folder in (owners[place][0], project.folder):
                    faults.setdefault(folder, _collision(folder, what))
    return faults


def _same_name(units: Iterable[Claims], unreadable: Mapping[str, str]) -> dict[str, ConfigurationError]:
    faults: dict[str, ConfigurationError] = {}
    folders: dict[str, str] = {}
    for project in units:
        first = folders.setdefault(project.name, project.folder)
        if first != project.folder:
            for one, other in ((first, project.folder), (project.folder, first)):
                faults.setdefault(one, _named_alike(one, f"the name `{project.name}` is also used by {other}"))
        elif project.name in unreadable:
            what = f"the name `{project.name}` may also be used by {unreadable[project.name]}, which is broken"
            faults.setdefault(project.folder, _named_alike(project.folder, what))
    return faults


def _named_alike(folder: str, what: str) -> ConfigurationError:
    hint = "rename one; `-`, `_`, `.` and upper or lower case make no difference"
    return ConfigurationError(f"{folder}/pyproject.toml [project] name", what, hint=hint)


def _is_of_the_ci(name: str, environment: Environment, config: WorkspaceConfig) -> bool:
    """The roles that `bootstrap` makes may change and call each function that a unit names."""
    there = environment.account_id == config.devops.account_id
    return config.roles is not None and there and name.startswith(config.roles.functions)


def _reserved(folder: str, name: str, environment: Environment) -> ConfigurationError:
    what = f"the function would be called `{name}` in {environment.name}, and in this account the CI's are called so"
    return ConfigurationError(f"{folder}/pyproject.toml", what, hint="choose a name that begins differently")


def _what(kind: str, name: str, first: tuple[str, str], second: tuple[str, str], environment: Environment) -> str:
    one, other = (" in ".join(place) for place in (first, second))
    who = f"{one} and {other}" if one != other else f"two parts of {one}"
    return f"{who} would both create the {kind} `{name}` in account {environment.account_id}, {environment.region}"


def _collision(folder: str, what: str) -> ConfigurationError:
    hint = "rename a unit or a key, or use different accounts for the environments"
    return ConfigurationError(f"{folder}/pyproject.toml", what, hint=hint)
