"""A function that refers to the REST API of its unit, such as by its address: each would wait for the other.

The API only needs the name of the function, which is known before. API Gateway looks for a function when a route is
called, so the API may be made first.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.plan.template.check import references
from multi_env_lambda.plan.template.parts import ALIAS, Json, StackInput, logical_id
from multi_env_lambda.plan.template.rest_apis import REST_API

__all__ = ["without_circle"]


def without_circle(unit: StackInput, found: Json) -> Json:
    """The template with the names of such functions in the API, in place of the references to them."""
    resources = found.get("Resources", {})
    if REST_API not in resources:
        return found
    named = {
        alias: _arn(unit, function.key)
        for function in unit.settings.functions
        if (alias := logical_id(function.key, "Alias")) in resources and REST_API in _needed_by(alias, resources)
    }
    if not named:
        return found
    result = copy.deepcopy(found)
    result["Resources"][REST_API] = _with_names(result["Resources"][REST_API], named)
    return result


def _arn(unit: StackInput, key: str) -> str:
    where, name = unit.environment, unit.project.function_name(unit.environment.name, key)
    return f"arn:{unit.partition}:lambda:{where.region}:{where.account_id}:function:{name}:{ALIAS}"


def _needed_by(start: str, resources: Mapping[str, Any]) -> Iterator[str]:
    """The resources without which this one cannot be made, as far as the API is not on the way to them."""
    waiting, seen = [start], {start}
    while waiting:
        for name in set(references(resources[waiting.pop()])) & resources.keys() - seen:
            seen.add(name)
            yield name
            if name != REST_API:
                waiting.append(name)


def _with_names(value: Any, named: Mapping[str, str]) -> Any:
    match value:
        case {"Ref": str(name)} if len(value) == 1 and name in named:
            return named[name]
        case dict():
            return {key: _with_names(each, named) for key, each in value.items()}
        case list():
            return [_with_names(each, named) for each in value]
        case _:
            return value
