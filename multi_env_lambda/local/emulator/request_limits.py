"""Functions, aliases and roles have the lengths, numbers and characters that AWS's own descriptions of its calls say.

Reason: ministack keeps what it is given, and the client looks at the smallest values only, so that a name one character
too long is refused by AWS amid a deploy. The name of a function counts without what may stand around it in an ARN.
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

_LONGEST_NAME = 64
_PROBLEM = "Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
_TOO_LONG = "Member must have length less than or equal to {max}"
_TOO_SHORT = "Member must have length greater than or equal to {min}"
_TOO_MUCH = "Member must have value less than or equal to {max}"
_TOO_LITTLE = "Member must have value greater than or equal to {min}"
_PATTERN = "Member must satisfy regular expression pattern: {pattern}"
_RESOURCES = {
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
}
"""By type: the call that makes one; its properties have the names of the call's members."""


def patch() -> None:
    """Look at what is to be made or changed, by the API and by CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    respond = original(functions, "error_response_json")

    def watch(name: str, operation: str) -> None:
        run = original(functions, name)

        def checked(*args: Any) -> Any:
            # The request's body comes last, whatever is named before.
            return unless_refused(lambda: _check("lambda", operation, args[-1]), lambda: run(*args), respond)

        setattr(functions, name, checked)

    watch("_create_function", "CreateFunction")
    watch("_update_config", "UpdateFunctionConfiguration")
    watch("_create_alias", "CreateAlias")
    watch("_update_alias", "UpdateAlias")
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
    found = [
        _PROBLEM.format(value=given[name], member=name[0].lower() + name[1:], constraint=constraint)
        for name, limits in _limits(service, operation).items()
        if isinstance(given.get(name), str | int)
        for constraint in _broken(given[name], limits)
    ]
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise LambdaRefusal(
            "ValidationException", 400, f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        )


def _broken(value: Any, limits: Mapping[str, Any]) -> Iterator[str]:
    is_number = limits["type"] in ("integer", "long")
    size = int(value) if is_number else len(str(value))
    if size > limits.get("max", size):
        yield (_TOO_MUCH if is_number else _TOO_LONG).format(**limits)
    if size < limits.get("min", size):
        yield (_TOO_LITTLE if is_number else _TOO_SHORT).format(**limits)
    if "pattern" in limits and not re.fullmatch(limits["pattern"], str(value)):
        yield _PATTERN.format(**limits)


@cache
def _limits(service: str, operation: str) -> dict[str, dict[str, Any]]:
    """By member of the call: its type, ``min``, ``max`` and ``pattern``, as far as it has them."""
    description = load("botocore.loaders").Loader().load_service_model(service, "service-2")
    call = load("botocore.model").ServiceModel(description).operation_model(operation)
    limits = {
        name: {"type": shape.type_name, **shape.metadata}
        for name, shape in call.input_shape.members.items()
        if shape.type_name in ("string", "integer", "long")
    }
    if operation == "CreateFunction":
        limits["FunctionName"] |= {"max": _LONGEST_NAME}
    return limits
