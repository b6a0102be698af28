"""Every member of a request respects the lengths, counts and characters in AWS's own service descriptions.

Reason: ministack accepts everything, and the client checks minimum values only, so a name that is one character too
long, a sixth security group or a tag with a semicolon is refused by AWS in the middle of a deployment. The limit on a
function's name does not include the rest of an ARN.
Source: the service models of botocore, https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (64)
Texts: https://github.com/hashicorp/terraform-provider-aws/issues (lengths of ``roleName``) and LocalStack's Lambda
provider, whose tests were recorded at AWS
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_NARROWER = {("CreateFunction", "functionName"): {"max": 64}}
_PROBLEM = "Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
_TOO_LONG = "Member must have length less than or equal to {max}"
_TOO_SHORT = "Member must have length greater than or equal to {min}"
_TOO_MUCH = "Member must have value less than or equal to {max}"
_TOO_LITTLE = "Member must have value greater than or equal to {min}"
_PATTERN = "Member must satisfy regular expression pattern: {pattern}"
_LETTERS = r"\p{L}\p{Z}\p{N}"
_IN_PYTHON = r"\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Letters, separators and numbers; Python has no such classes, and calls a line break a space."""

_RESOURCES = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::LayerVersion": ("lambda", "PublishLayerVersion"),
    "AWS::Lambda::Url": ("lambda", "CreateFunctionUrlConfig"),
}
"""By type: the call that makes one; its properties have the names of the call's members."""

_CALLS = {
    "_create_alias": "CreateAlias",
    "_create_esm": "CreateEventSourceMapping",
    "_create_function": "CreateFunction",
    "_create_function_url_config": "CreateFunctionUrlConfig",
    "_put_event_invoke_config": "PutFunctionEventInvokeConfig",
    "_update_alias": "UpdateAlias",
    "_update_config": "UpdateFunctionConfiguration",
    "_update_esm": "UpdateEventSourceMapping",
}
"""By name in ministack: the calls that are looked at when they come by the API."""


def patch() -> None:
    """Check a request before something is created or changed, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    respond = original(functions, "error_response_json")

    def watch(name: str, operation: str) -> None:
        run = original(functions, name)

        def checked(*args: Any) -> Any:
            body = next(arg for arg in args if isinstance(arg, dict))
            return unless_refused(lambda: _check("lambda", operation, body), lambda: run(*args), respond)

        setattr(functions, name, checked)

    for name, operation in _CALLS.items():
        watch(name, operation)
    _watch_roles()
    for kind, (service, operation) in _RESOURCES.items():
        check_first(kind, partial(_check, service, operation))


def _watch_roles() -> None:
    iam = load("ministack.services.iam")
    calls, parameter, refuse = original(iam, "_IAM_HANDLERS"), original(iam, "_p"), original(iam, "_error")
    create = calls["CreateRole"]

    def checked(parameters: Any) -> Any:
        given = {name: parameter(parameters, name) for name in ("RoleName", "Description", "MaxSessionDuration")}
        return unless_refused(
            lambda: _check("iam", "CreateRole", {name: value for name, value in given.items() if value}),
            lambda: create(parameters),
            lambda _, message, status: refuse(status, "ValidationError", message, ns="iam"),
        )

    calls["CreateRole"] = checked


def _check(service: str, operation: str, given: Mapping[str, Any]) -> None:
    shape = _description(service).operation_model(operation).input_shape
    found = [
        _PROBLEM.format(value=value, member=member, constraint=constraint)
        for member, value, limits in _members(given, shape, "")
        for constraint in _broken(value, limits | _NARROWER.get((operation, member), {}))
    ]
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise LambdaRefusal(
            "ValidationException", 400, f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        )


def _members(value: Any, shape: Any, path: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each member with limits: its path, itself, its type, and ``min``, ``max`` and ``pattern`` if it has them."""
    limits = {"type": shape.type_name, **shape.metadata}
    match shape.type_name:
        case "string" | "integer" | "long" if isinstance(value, str | int) and not isinstance(value, bool):
            yield path, value, limits
        case "structure" if isinstance(value, Mapping):
            for name, inner in shape.members.items():
                if name in value:
                    yield from _members(value[name], inner, f"{path}.{name[0].lower()}{name[1:]}".lstrip("."))
        case "list" if isinstance(value, list):
            yield path, value, limits
            for number, item in enumerate(value, start=1):
                yield from _members(item, shape.member, f"{path}.{number}.member")
        case "map" if isinstance(value, Mapping):
            for name, item in value.items():
                yield from _members(name, shape.key, f"{path}.{name}.key")
                yield from _members(item, shape.value, f"{path}.{name}.member")
        case _:
            pass


def _broken(value: Any, limits: Mapping[str, Any]) -> Iterator[str]:
    is_number = limits["type"] in ("integer", "long")
    size = int(value) if is_number else len(value) if isinstance(value, list) else len(str(value))
    if size > limits.get("max", size):
        yield (_TOO_MUCH if is_number else _TOO_LONG).format(**limits)
    if size < limits.get("min", size):
        yield (_TOO_LITTLE if is_number else _TOO_SHORT).format(**limits)
    if "pattern" in limits and not re.fullmatch(limits["pattern"].replace(_LETTERS, _IN_PYTHON), str(value)):
        yield _PATTERN.format(**limits)


@cache
def _description(service: str) -> Any:
    description = load("botocore.loaders").Loader().load_service_model(service, "service-2")
    return load("botocore.model").ServiceModel(description)
