"""Whether two units would make the same thing."""

from __future__ import annotations

from collections.abc import Iterable

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project, made_names
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["find_collisions"]


def find_collisions(projects: Iterable[Project], config: WorkspaceConfig) -> None:
    """Refuse two units that are one to a package index, or that would make the same thing in one account and region."""
    units = sorted(projects, key=lambda project: project.folder)
    _check_project_names(units)
    owners: dict[tuple[str, str, str, str], str] = {}
    for project in units:
        for environment in config.environments:
            user = f"{project.folder} in {environment.name}"
            for kind, name in made_names(project, environment):
                place = (kind, environment.account_id, environment.region, name)
                if place in owners:
                    _refuse_collision(kind, name, owners[place], user, environment)
                owners[place] = user


def _check_project_names(units: Iterable[Project]) -> None:
    folders: dict[str, str] = {}
    for project in units:
        first = folders.setdefault(project.name, project.folder)
        if first != project.folder:
            what = f"the name `{project.name}` is also that of {first}"
            where = f"{project.folder}/pyproject.toml [project] name"
            raise ConfigurationError(where, what, hint="rename one; `-`, `_`, `.` and capitals make no difference")


def _refuse_collision(kind: str, name: str, first: str, second: str, environment: Environment) -> None:
    who = f"{first} and {second}" if first != second else f"two parts of {first}"
    what = f"{who} would both make the {kind} `{name}` in account {environment.account_id}, {environment.region}"
    folder = second.split(" ")[0]
    hint = "rename a project or a key, or give the environments different accounts"
    raise ConfigurationError(f"{folder}/pyproject.toml", what, hint=hint)
