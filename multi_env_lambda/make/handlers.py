"""The handlers of a unit as they start in its stacks: with the variables of the finished templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lambda_image import variables_of
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.plausible import Stack, plausible_variables

__all__ = ["handlers_of"]


def handlers_of(
    project: Project, environments: Sequence[Environment], templates: Mapping[str, str]
) -> tuple[Handler, ...]:
    """One for each function, handler and set of variables, sorted; with the values of the most important environment.

    Args:
        environments: in order, the most important one last.
        templates: finished ones, by environment.
    """
    found: dict[tuple[str, str, str, frozenset[str]], Handler] = {}
    layered = _layered(project)
    for place in reversed(environments):
        stack = Stack(
            name=project.stack_name(place.name), environment=place, document=json.loads(templates[place.name])
        )
        for function in project.settings[place.name].functions:
            handler = Handler(
                key=function.key,
                text=function.handler,
                root=function.root,
                is_layered=function.key in layered,
                variables=plausible_variables(stack, function.key),
                runtime=_runtime(project, place, function),
            )
            at = (handler.key, handler.text, handler.root, frozenset(handler.variables))
            known = found.setdefault(at, handler)
            found[at] = attrs.evolve(known, environments=(place.name, *known.environments))
    return tuple(found[at] for at in sorted(found, key=lambda at: (*at[:3], sorted(at[3]))))


def _layered(project: Project) -> frozenset[str]:
    """The functions that have somebody else's layer in some environment."""
    functions = (function for settings in project.settings.values() for function in settings.functions)
    return frozenset(function.key for function in functions if function.layers)


def _runtime(project: Project, environment: Environment, function: Function) -> Mapping[str, str]:
    """What Lambda tells a function about itself."""
    return variables_of(
        name=project.function_name(environment.name, function.key),
        handler=function.handler,
        memory_size=function.memory_size,
        log_format=function.log_format,
    )
