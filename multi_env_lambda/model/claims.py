"""What one unit means for the others, from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.outline import Claims, ValueRead
from multi_env_lambda.model.project import Project, made_names
from multi_env_lambda.model.resources import OwnParameter
from multi_env_lambda.model.settings import Settings, UnitValue

__all__ = ["claims_of"]


def claims_of(project: Project, environments: Iterable[Environment]) -> Claims:
    return Claims(
        name=project.name,
        folder=project.folder,
        needs=project.needs,
        made={place.name: tuple(made_names(project, place)) for place in environments},
        parameters={name: tuple(_parameters(settings)) for name, settings in project.settings.items()},
        reads=tuple(read for name, settings in project.settings.items() for read in _reads(name, settings)),
        runtime=project.runtime,
        architecture=project.architecture,
        layer_of=project.layer_of,
        lends=project.layer_for_others,
        has_jobs=any(settings.jobs for settings in project.settings.values()),
    )


def _parameters(settings: Settings) -> Iterator[str]:
    return (each.key for each in settings.resources if isinstance(each, OwnParameter))


def _reads(environment: str, settings: Settings) -> Iterator[ValueRead]:
    for function in settings.functions:
        for name, value in function.environment:
            if isinstance(value, UnitValue):
                place = f"functions.{function.key}.environment.{name}"
                yield ValueRead(environment=environment, place=place, unit=value.unit, parameter=value.parameter)
