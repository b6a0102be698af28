"""A function can use only one version of a layer.

Reason: ministack unpacks both, one over the other.
Text: https://github.com/DataDog/serverless-plugin-datadog/issues/195
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_TWICE = (
    "Two different versions of the same layer are not allowed to be referenced in the same function. {one} and {other} "
    "are versions of the same layer."
)


def patch() -> None:
    """Check a function's layers before it is created or changed, through the API or CloudFormation."""
    functions = load("ministack.services.lambda_svc")
    respond = original(functions, "error_response_json")

    def watch(name: str) -> None:
        run = original(functions, name)

        def checked(*args: Any) -> Any:
            return unless_refused(lambda: _check(args[-1]), lambda: run(*args), respond)

        setattr(functions, name, checked)

    watch("_create_function")
    watch("_update_config")
    check_first("AWS::Lambda::Function", _check)


def _check(properties: Mapping[str, Any]) -> None:
    seen: dict[str, str] = {}
    for arn in map(str, properties.get("Layers") or []):
        layer = arn.rpartition(":")[0]
        if layer in seen:
            text = _TWICE.format(one=seen[layer], other=arn)
            raise LambdaRefusal("InvalidParameterValueException", 400, text)
        seen[layer] = arn
