"""The handlers of a unit as they start in its stacks: with the variables of the finished templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import attrs

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lambda_image import variables_of
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.lent import lent_of, lent_pin
from multi_env_lambda.plan.pins import LAYER_PIN
from multi_env_lambda.plan.plausible import Stack, plausible_variables
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["handlers_of"]


def handlers_of(
    project: Project, environments: Sequence[Environment], templates: Mapping[str, str]
) -> tuple[Handler, ...]:
    """One for each function, handler and set of variables, sorted; with the values of the most important environment.

    Args:
        environments: in order, the most important one last.
        templates: finished ones, by environment.
    """
    found: dict[_At, Handler] = {}
    for place in reversed(environments):
        stack = Stack(
            name=project.stack_name(place.name), environment=place, document=json.loads(templates[place.name])
        )
        for function in project.settings[place.name].functions:
            handler = Handler(
                key=function.key,
                text=function.handler,
                root=function.root,
                is_layered=_is_layered(project, stack, function),
                provided=function.provided,
                variables=plausible_variables(stack, function.key),
                runtime=_runtime(project, place, function),
            )
            at = _At(handler.key, handler.text, handler.root, *_surroundings(handler))
            known = found.setdefault(at, handler)
            found[at] = attrs.evolve(known, environments=(place.name, *known.environments))
    return tuple(found[at] for at in sorted(found))


class _At(NamedTuple):
    """What makes a function another one to import, in an order."""

    key: str
    text: str
    root: str
    variables: tuple[str, ...]
    is_layered: bool
    provided: tuple[str, ...]


def _surroundings(handler: Handler) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    return tuple(sorted(handler.variables)), handler.is_layered, handler.provided


def _is_layered(project: Project, stack: Stack, function: Function) -> bool:
    """Whether it has a layer in this stack that is neither the unit's own nor that of another unit.

    Raises:
        ConfigurationError: it has none, although its settings say what such a layer contains.
    """
    resources = stack.document["Resources"]
    lent = lent_of(stack.document)
    known = [] if lent is None else [{"Ref": lent_pin(lent)}]
    said = resources.get(logical_id(function.key, "Function"), {}).get("Properties", {}).get("Layers", [])
    layers = [one for one in (said if isinstance(said, list) else [said]) if one not in known]
    found = any(not isinstance(one, dict) or set(one) != {"Ref"} or not _is_own(resources, one) for one in layers)
    if function.provided and not found:
        what = (
            f"functions.{function.key}.provided: the function has no layer from elsewhere in {stack.environment.name}"
        )
        hint = "add the layer to `layers`, or let the lock bring the modules and remove `provided`"
        raise ConfigurationError(f"{project.folder}/pyproject.toml", what, hint=hint)
    return found


def _is_own(resources: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    """Whether it is the layer of the lock, which ``LAYER_PIN`` pins: one that `stack.py` adds is another."""
    content = resources.get(said["Ref"], {}).get("Properties", {}).get("Content", {})
    return isinstance(content, dict) and content.get("S3ObjectVersion") == {"Ref": LAYER_PIN}


def _runtime(project: Project, environment: Environment, function: Function) -> Mapping[str, str]:
    """What Lambda tells a function about itself."""
    return variables_of(
        name=project.function_name(environment.name, function.key),
        handler=function.handler,
        memory_size=function.memory_size,
        log_format=function.log_format,
    )
