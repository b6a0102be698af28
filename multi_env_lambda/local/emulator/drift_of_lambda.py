"""What drift detection reads about functions and everything that belongs to them.

Reason: as for ``drift``, whose table this is a part of.
Source of what is not read: ``writeOnlyProperties`` in the types' schemas, such as ``Code`` and ``SnapStart`` of a
function,
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["FUNCTION_READERS", "Properties", "Read", "in_our_case", "said"]

Properties = Mapping[str, Any]
Read = Callable[[str, Properties], "dict[str, Any] | None"]
"""A physical id and the properties of the template in, those that are there now out; None if nothing is."""

_ADDRESS = ("AWS:SourceArn", "aws:SourceArn")
_MAPPING = (
    "BatchSize BisectBatchOnFunctionError DestinationConfig Enabled EventSourceArn FilterCriteria "
    "FunctionResponseTypes MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds MaximumRetryAttempts "
    "ParallelizationFactor ScalingConfig StartingPosition"
)
_LATER = "DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts"


def _functions() -> Any:
    return load("ministack.services.lambda_svc")


def _named(reference: str) -> tuple[Mapping[str, Any] | None, str]:
    """The function in a name or ARN, and its qualifier."""
    functions = _functions()
    name, qualifier = functions._resolve_name_and_qualifier(reference)
    return original(functions, "_functions").get(name), qualifier or ""


def said(record: Mapping[str, Any], names: str) -> dict[str, Any]:
    """The properties that a record with the template's names has at all."""
    return {name: record[name] for name in names.split() if record.get(name) is not None}


def in_our_case(record: Mapping[str, Any], names: str) -> dict[str, Any]:
    """The same of a record with names in the service's own case."""
    given = {name: record.get(name[0].lower() + name[1:]) for name in names.split()}
    return {name: value for name, value in given.items() if value is not None}


def _function(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    """Without VPC and dead-letter queue, which are compared on AWS only."""
    found, _ = _named(physical_id)
    if found is None:
        return None
    config = found["config"]
    read = said(config, "LoggingConfig")
    if config.get("Layers"):
        read["Layers"] = [layer["Arn"] if isinstance(layer, dict) else layer for layer in config["Layers"]]
    if found.get("concurrency") is not None:
        read["ReservedConcurrentExecutions"] = found["concurrency"]
    return read


def _version(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found, version = _named(physical_id)
    if found is None or version not in found["versions"]:
        return None
    return said(found["versions"][version]["config"], "Description")


def _alias(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    """Weights as a list, as in a template; Lambda has a map."""
    found, name = _named(physical_id)
    alias = None if found is None else found["aliases"].get(name)
    if alias is None:
        return None
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    parts = [{"FunctionVersion": version, "FunctionWeight": weight} for version, weight in weights.items()]
    return {**said(alias, "Description FunctionVersion"), "RoutingConfig": {"AdditionalVersionWeights": parts}}


def _permission(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found, _ = _named(str(properties.get("FunctionName", "")))
    statements = () if found is None else found["policy"]["Statement"]
    statement = next((item for item in statements if item.get("Sid") == physical_id), None)
    if statement is None:
        return None
    principal, condition = statement["Principal"], statement.get("Condition") or {}
    who = next(iter(principal.values())) if isinstance(principal, dict) else principal
    # An account is its root user: the schema of the type transforms it before it compares.
    given = properties.get("Principal")
    who = given if who == f"arn:aws:iam::{given}:root" else who
    sources = [tests[key] for tests in condition.values() for key in _ADDRESS if key in tests]
    return {"Action": statement["Action"], "Principal": who, **({"SourceArn": sources[0]} if sources else {})}


def _mapping(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    """The function by any of its names: the type's schema normalises it before comparing."""
    found = original(_functions(), "_esms").get(physical_id)
    return None if found is None else said(found, _MAPPING)


def _later_calls(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found, qualifier = _named(physical_id)
    config = None if found is None else (found.get("event_invoke_configs") or {}).get(qualifier)
    return None if config is None else said(config, _LATER)


def _url(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = original(_functions(), "_function_urls").get(physical_id)
    return None if found is None else said(found, "AuthType Cors InvokeMode")


def _layer(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    name, version = physical_id.split(":")[-2:]
    found = (original(_functions(), "_layers").get(name) or {}).get("versions", ())
    return {} if version in {str(item["Version"]) for item in found} else None


FUNCTION_READERS: dict[str, tuple[Read, str]] = {
    "AWS::Lambda::Alias": (_alias, "Description FunctionVersion RoutingConfig"),
    "AWS::Lambda::EventInvokeConfig": (_later_calls, _LATER),
    "AWS::Lambda::EventSourceMapping": (_mapping, _MAPPING),
    "AWS::Lambda::Function": (_function, "Layers LoggingConfig ReservedConcurrentExecutions"),
    "AWS::Lambda::LayerVersion": (_layer, ""),
    "AWS::Lambda::Permission": (_permission, "Action Principal SourceArn"),
    "AWS::Lambda::Url": (_url, "AuthType Cors InvokeMode"),
    "AWS::Lambda::Version": (_version, "Description"),
}
