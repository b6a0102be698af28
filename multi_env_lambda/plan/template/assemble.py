"""Parts of a stack → one document; then what ``extend`` asked for, and versions for the finished functions."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.changes import replaced_by
from multi_env_lambda.plan.lent import describe, lent_pin
from multi_env_lambda.plan.pins import is_pin
from multi_env_lambda.plan.template.context import Requests
from multi_env_lambda.plan.template.functions import code
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, logical_id, ref
from multi_env_lambda.plan.template_text import references

__all__ = ["NOT_VERSIONED", "VERSIONED", "add_pins", "add_versions", "apply_requests", "document"]

VERSIONED = frozenset(
    {
        "Architectures",
        "CapacityProviderConfig",
        "DeadLetterConfig",
        "Description",
        "DurableConfig",
        "Environment",
        "EphemeralStorage",
        "FileSystemConfigs",
        "Handler",
        "ImageConfig",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "Role",
        "Runtime",
        "SnapStart",
        "Timeout",
        "TracingConfig",
        "VpcConfig",
    }
)
"""What Lambda stores in a version, besides the code.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html (what it returns for a version)
"""

NOT_VERSIONED = frozenset(
    {
        "Code",
        "CodeSigningConfigArn",
        "FunctionName",
        "FunctionScalingConfig",
        "PublishToLatestPublished",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "RuntimeManagementConfig",
        "Tags",
        "TenancyConfig",
    }
)
"""What belongs to the function as a whole. If only these change, Lambda publishes no version, and says that one exists
already."""


def document(unit: StackInput, part: Part) -> Json:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{unit.project.name} in {unit.environment.name}",
        "Resources": _resources(unit, part.resources),
        "Outputs": dict(part.outputs),
    }


def _resources(unit: StackInput, resources: Iterable[Resource]) -> Json:
    """All by logical id.

    The same thing may be requested twice (one queue, two functions), but not in different forms.
    """
    made: dict[str, Resource] = {}
    for resource in resources:
        other = made.setdefault(resource.logical_id, resource)
        if other.body() != resource.body():
            raise ConfigurationError(
                unit.where,
                f"{other.made_by} and {resource.made_by} both create {resource.logical_id}, in different ways",
                hint="use another key for one of them, or make them equal",
            )
    return {name: resource.body() for name, resource in made.items()}


def apply_requests(found: Json, requests: Requests, *, where: str) -> Json:
    """The document with the grants, variables and merges that ``extend`` asked for."""
    result = copy.deepcopy(found)
    for role, statement in requests.grants:
        properties = _properties(result, role, where)
        properties["Policies"][0]["PolicyDocument"]["Statement"].append(statement)
    for function, name, value in requests.variables:
        variables = _properties(result, function, where).setdefault("Environment", {}).setdefault("Variables", {})
        if name in variables:
            raise ConfigurationError(
                where,
                f"context.set_environment: {function} already has the variable {name}",
                hint="set it in one place only, in pyproject.toml or in stack.py",
            )
        variables[name] = value
    for name, body in requests.merges:
        if name not in result["Resources"] and "Type" not in body:
            raise ConfigurationError(
                where, f"context.merge: there is no resource {name!r}", hint="a new resource needs a Type"
            )
        _merge(result["Resources"].setdefault(name, {}), body)
    return result


def _properties(found: Json, name: str, where: str) -> Any:
    if name not in found["Resources"]:
        raise ConfigurationError(
            where, f"{name} was removed from the template but is still needed", hint="keep the unit's own resources"
        )
    return found["Resources"][name].setdefault("Properties", {})


def _merge(target: Json, patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def add_versions(unit: StackInput, found: Json, *, where: str) -> Json:
    """A version for each function, named by a hash of its content, and the alias that points at it."""
    result = copy.deepcopy(found)
    for function in unit.settings.functions:
        name = logical_id(function.key, "Function")
        properties = _properties(result, name, where)
        _check_name(unit, function, properties, where)
        version = Resource(
            logical_id=logical_id(function.key, "Version", _identity(unit, function, properties, result["Resources"])),
            type="AWS::Lambda::Version",
            properties=_version_properties(unit, function, name, properties),
            made_by=f"functions.{function.key}",
            retain=True,
        )
        result["Resources"][version.logical_id] = version.body()
        alias = _properties(result, logical_id(function.key, "Alias"), where)
        alias["FunctionVersion"] = {"Fn::GetAtt": [version.logical_id, "Version"]}
    return result


def _check_name(unit: StackInput, function: Function, properties: Json, where: str) -> None:
    """Whatever calls a function after the deploy knows its name from the table."""
    said, expected = properties.get("FunctionName"), unit.project.function_name(unit.environment.name, function.key)
    if said != expected:
        what = f"stack.py changes the name of the function `{function.key}` from `{expected}` to {said!r}"
        hint = f'set `name = "…"` in the table functions.{function.key} instead'
        raise ConfigurationError(where, what, hint=hint)


def add_pins(unit: StackInput, found: Json) -> Json:
    """A parameter for each object, and each layer of another unit, whose version is passed when it is deployed."""
    used = set(references(found["Resources"]))
    pins: Json = {name: {"Type": "String"} for name in used if is_pin(name)}
    if unit.lent is not None and lent_pin(unit.lent) in used:
        pins[lent_pin(unit.lent)] = {"Type": "String", "Description": describe(unit.lent)}
    return {**found, "Parameters": {**found.get("Parameters", {}), **pins}} if pins else found


def _version_properties(unit: StackInput, function: Function, name: str, properties: Json) -> Json:
    # Lambda then refuses to publish a version of any other bytes.
    expected = (
        {"CodeSha256": unit.wheel_of(function).code_sha256} if properties.get("Code") == code(unit, function) else {}
    )
    return {"FunctionName": ref(name), **expected}


def _identity(unit: StackInput, function: Function, properties: Json, resources: Json) -> str:
    """A hash of exactly what Lambda stores in a version; the layer's digest is part of the layer's logical id.

    More would ask Lambda for a version that it says exists already; less would leave the alias on an old one.
    So hashing anything else here makes the next deploy of every unchanged function fail.
    """
    versioned = {key: value for key, value in properties.items() if key in VERSIONED}
    ours = properties.get("Code") == code(unit, function)
    ran = unit.wheel_of(function).wheel_sha256 if ours else properties.get("Code")
    return digest([versioned, ran, _replaceable(properties.get("Environment", {}), resources)])[:12]


def _replaceable(environment: Json, resources: Json) -> Json:
    """What determines the physical names of the resources that the variables refer to."""
    found: Json = {}
    for name in sorted(set(references(environment)) & resources.keys()):
        properties = resources[name].get("Properties", {})
        causes = replaced_by(resources[name]["Type"])
        found[name] = {key: value for key, value in properties.items() if key in causes}
    return found
